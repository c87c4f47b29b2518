// Answers that are packed for clients that take gzip, whatever the endpoint.
#pragma once

#include "core/http/message.h"

namespace sidelight::api {

// Packs the body where the request's Accept-Encoding allows gzip and it is of a KiB or more, and says in Vary
// that it depends on that header. HEAD as GET: its length is that of what GET would send. Where there is no
// memory to pack it, the body stays as it is.
void Compress(const http::Request& request, http::Response* response);

}  // namespace sidelight::api
