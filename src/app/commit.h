// Commit: the second half of a change. All that can fail of it has been done in the first one, and nothing
// has changed yet; the call takes it over, and cannot fail. Called at most once. One that is dropped instead
// leaves everything as it was.
//
// The reload of a configuration is made of these: first everything is prepared, and when nothing has failed
// all of it is committed.
#pragma once

#include <functional>

namespace sidelight::app {

using Commit = std::function<void()>;

}  // namespace sidelight::app
