// Poster: batches to one Alertmanager, over HTTP, on a connection that is kept between them. Blocks; one
// thread at a time.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/client_connection.h"
#include "exporters/alertmanager/settings.h"

namespace sidelight::alertmanager {

// Where alerts are posted to, "http://host:port/prefix/api/v2/alerts": no user, no secret.
std::string Endpoint(const Destination& destination);

class Poster {
 public:
  // A connection on which nothing was posted for longer than `idle_limit` is not used again.
  Poster(const Destination& destination, Duration idle_limit);

  // Any 2xx is success. Of what else is answered only the status counts; the error names the Alertmanager and
  // no secret. A kept connection that ends before the answer is no failure yet: the batch is posted once
  // more, on a new one, as an Alertmanager that gets an alert twice has it once.
  Status Post(std::string payload);

  // Ends the connection, if one is kept.
  void Close() { connection_.Close(); }

 private:
  const http::ClientSettings settings_;
  const std::string alertmanager_;  // host and port
  http::ClientConnection connection_;
};

}  // namespace sidelight::alertmanager
