#include "core/state/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace sidelight::state {
namespace {

// "SDLT": so that `file` and we know whose database it is.
constexpr int64_t kApplicationId = 0x53444C54;

constexpr const char* kVersionsTable =
    "CREATE TABLE schema_versions (room TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT "
    "ROWID";

// Every column of every table, and what the table promises about it.
constexpr const char* kColumns =
    "SELECT l.name || ' ' || l.strict || ' ' || l.wr || ' ' || x.name || ' ' || x.type || ' ' || "
    "x.\"notnull\" "
    "|| ' ' || x.pk FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS x "
    "WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite_%' ORDER BY 1";

// A sound file, and not one for this program.
tl::unexpected<SqliteError> Foreign(std::string why) {
  return tl::unexpected(SqliteError{SQLITE_FORMAT, std::move(why)});
}

tl::unexpected<SqliteError> Damaged(std::string why) {
  return tl::unexpected(SqliteError{SQLITE_CORRUPT, std::move(why)});
}

SqliteResult<void> Create(SqliteConnection& connection) {
  auto done = connection.RunScript(fmt::format("PRAGMA application_id = {}", kApplicationId));
  if (done) done = connection.RunScript(kVersionsTable);
  return done;
}

// The statements that are missing, in order, and the version.
SqliteResult<void> BringUp(SqliteConnection& connection, const Schema& schema, int64_t version) {
  if (version > schema.version()) {
    return Foreign(fmt::format("a newer version has written it (version {} of \"{}\", and this one knows {})",
                               version, schema.name, schema.version()));
  }
  if (version < 0) return Damaged(fmt::format("it has no version of \"{}\"", schema.name));
  if (version == schema.version()) return {};
  SqliteResult<void> done;
  if (version == 0) done = connection.RunScript(schema.create);
  for (int64_t i = std::max<int64_t>(version, 1); done && i < schema.version(); ++i) {
    done = connection.RunScript(schema.upgrades[static_cast<size_t>(i) - 1]);
  }
  if (!done) return done;
  const Parameter parameters[] = {std::string_view(schema.name), int64_t{schema.version()}};
  return connection.Run("INSERT OR REPLACE INTO schema_versions (room, version) VALUES (?, ?)", parameters);
}

SqliteResult<void> Apply(SqliteConnection& connection, std::span<const Schema> schemas) {
  const auto id = connection.Integer("PRAGMA application_id");
  if (!id) return tl::unexpected(id.error());
  const auto tables = connection.Integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  const bool fresh = *id == 0 && *tables == 0;
  if (!fresh && *id != kApplicationId) {
    const auto ours = connection.Integer("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_versions'");
    if (!ours) return tl::unexpected(ours.error());
    if (*ours == 0) return Foreign("it is another program's database");
    return Damaged("its header does not say that it is ours");
  }
  if (fresh) {
    auto done = Create(connection);
    if (!done) return done;
  }
  std::map<std::string, int64_t, std::less<>> versions;
  auto done = connection.Run("SELECT room, version FROM schema_versions", {}, [&](const Row& row) {
    versions[std::string(row.Text(0))] = row.Integer(1) == 0 ? -1 : row.Integer(1);
  });
  for (const Schema& schema : schemas) {
    if (!done) break;
    const auto known = versions.find(schema.name);
    done = BringUp(connection, schema, known == versions.end() ? 0 : known->second);
  }
  return done;
}

SqliteResult<std::vector<std::string>> Columns(SqliteConnection& connection) {
  std::vector<std::string> columns;
  auto done = connection.Run(kColumns, {}, [&](const Row& row) { columns.emplace_back(row.Text(0)); });
  if (!done) return tl::unexpected(std::move(done).error());
  std::sort(columns.begin(), columns.end());
  return columns;
}

// What a fresh database has, this one must have; what else is in it is not ours to judge (an index that
// somebody made, the room of another version).
SqliteResult<void> CheckColumns(SqliteConnection& connection, std::span<const Schema> schemas) {
  auto pattern = SqliteConnection::OpenInMemory();
  if (!pattern) return tl::unexpected(std::move(pattern).error());
  auto made = Apply(**pattern, schemas);
  if (!made) return made;
  const auto wanted = Columns(**pattern);
  if (!wanted) return tl::unexpected(wanted.error());
  const auto got = Columns(connection);
  if (!got) return tl::unexpected(got.error());
  if (!std::includes(got->begin(), got->end(), wanted->begin(), wanted->end())) {
    return Damaged("its tables are not those that its version promises");
  }
  return {};
}

}  // namespace

SqliteResult<void> ApplySchemas(SqliteConnection& connection, std::span<const Schema> schemas) {
  return connection.Transact([&]() -> SqliteResult<void> {
    auto done = Apply(connection, schemas);
    if (done) done = CheckColumns(connection, schemas);
    return done;
  });
}

}  // namespace sidelight::state
