// One batch to one Alertmanager, over HTTP. Blocks; any thread.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "exporters/alertmanager/settings.h"

namespace sidelight::alertmanager {

// Where alerts are posted to, "http://host:port/prefix/api/v2/alerts": no user, no secret.
std::string Endpoint(const Destination& destination);

// Any 2xx is success. Of what else is answered only the status counts; the error names the Alertmanager and
// no secret.
Status Post(const Destination& destination, std::string payload, Duration timeout);

}  // namespace sidelight::alertmanager
