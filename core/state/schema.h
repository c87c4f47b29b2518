// The tables of all rooms in one database: made, brought up to date, and checked to be what the rooms expect.
//
// Internal to core/state.
#pragma once

#include <span>

#include "core/state/database.h"
#include "core/state/sqlite_connection.h"

namespace sidelight::state {

// In one transaction. An error that is damaged() says that the file is not what its versions promise or, when
// it is foreign() too, that it is another program's or a newer Sidelight's.
SqliteResult<void> ApplySchemas(SqliteConnection& connection, std::span<const Schema> schemas);

}  // namespace sidelight::state
