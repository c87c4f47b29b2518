#include "core/http/client.h"

#include "core/http/client_connection.h"

namespace sidelight::http {

Result<Response> Fetch(const Url& url, const ClientRequest& request, const ClientOptions& options) {
  return ClientConnection(url, options, Duration::zero()).Send(request);
}

}  // namespace sidelight::http
