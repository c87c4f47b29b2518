// SQL, and what is kept of it. Every text is read whole, byte by byte and cut in two at every place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/protocols/postgres/summary.h"

namespace sidelight::postgres {
namespace {

// Each statement as "OPERATION: summary", one a line.
std::string Told(const SummaryReader& reader) {
  std::string told;
  std::string_view row = reader.row();
  while (!row.empty()) {
    const Statement statement = TakeStatement(row);
    if (!told.empty()) told += "\n";
    ((told += OperationName(statement.operation)) += ": ") += statement.summary;
  }
  return told;
}

std::string ReadInPieces(const std::vector<std::string_view>& pieces) {
  SummaryReader reader;
  // What was read before must not matter.
  reader.Begin();
  reader.Read("WITH a AS (SELECT 'x");
  reader.Begin();
  for (const std::string_view piece : pieces) reader.Read(piece);
  reader.Finish();
  return Told(reader);
}

void ExpectSummary(std::string_view sql, const std::string& want) {
  ASSERT_EQ(ReadInPieces({sql}), want) << sql;
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < sql.size(); ++i) bytes.push_back(sql.substr(i, 1));
  ASSERT_EQ(ReadInPieces(bytes), want) << sql << "\nbyte by byte";
  for (size_t at = 1; at < sql.size(); ++at) {
    ASSERT_EQ(ReadInPieces({sql.substr(0, at), sql.substr(at)}), want) << sql << "\ncut at " << at;
  }
}

struct Row {
  const char* sql;
  const char* want;
};

void ExpectAll(std::initializer_list<Row> rows) {
  for (const Row& row : rows) ExpectSummary(row.sql, row.want);
}

TEST(PostgresSummary, Select) {
  ExpectAll({
      {"SELECT 1", "SELECT: SELECT"},
      {"select * from users", "SELECT: SELECT users"},
      {"SELECT * FROM Users WHERE id = 7;", "SELECT: SELECT users"},
      {"SELECT u.id FROM users u JOIN orders o ON o.uid = u.id", "SELECT: SELECT users orders"},
      {"SELECT * FROM a LEFT OUTER JOIN b USING (id) NATURAL JOIN c", "SELECT: SELECT a b c"},
      {"SELECT * FROM a, b AS x, c y (p, q), d", "SELECT: SELECT a b c d"},
      {"SELECT * FROM a JOIN b ON a.x = b.x, c", "SELECT: SELECT a b c"},
      {"SELECT x, y FROM a WHERE z ORDER BY p, q LIMIT 3", "SELECT: SELECT a"},
      {"SELECT * FROM a GROUP BY x, y HAVING count(*) > 1 WINDOW w AS (), v AS ()", "SELECT: SELECT a"},
      {"SELECT * FROM ONLY a, LATERAL (SELECT * FROM b) x", "SELECT: SELECT a SELECT b"},
      {"SELECT * FROM (a JOIN b ON true) JOIN c ON true", "SELECT: SELECT a b c"},
      {"SELECT * FROM (VALUES (1), (2)) v, a", "SELECT: SELECT a"},
      {"(SELECT * FROM a) UNION ALL (SELECT * FROM b)", "SELECT: SELECT a SELECT b"},
      {"SELECT a FROM t UNION SELECT b, c FROM u", "SELECT: SELECT t SELECT u"},
      {"SELECT * FROM a WHERE id IN (SELECT aid FROM b WHERE x = 'FROM c')", "SELECT: SELECT a SELECT b"},
      {"SELECT (SELECT count(*) FROM a), x FROM b", "SELECT: SELECT SELECT a b"},
      {"SELECT * FROM users FOR UPDATE OF users SKIP LOCKED", "SELECT: SELECT users"},
      {"SELECT * FROM users FOR NO KEY UPDATE", "SELECT: SELECT users"},
      {"SELECT * INTO TEMP TABLE copy FROM users", "SELECT: SELECT copy users"},
      {"SELECT * FROM users a, users b", "SELECT: SELECT users"},
      {"TABLE users", "TABLE: TABLE users"},
      {"VALUES (1, 'FROM a'), (2, 'b')", "VALUES: VALUES"},
  });
}

TEST(PostgresSummary, WhatOnlyLooksLikeATable) {
  ExpectAll({
      {"SELECT * FROM generate_series(1, 10) g, users", "SELECT: SELECT users"},
      {"SELECT * FROM users u CROSS JOIN LATERAL unnest(u.tags) t", "SELECT: SELECT users"},
      {"SELECT extract(year FROM created), trim(both 'x' FROM name) FROM users", "SELECT: SELECT users"},
      {"SELECT substring(name FROM 2 FOR 3) FROM users", "SELECT: SELECT users"},
      {"SELECT * FROM a WHERE x IS DISTINCT FROM y", "SELECT: SELECT a"},
      {"SELECT 'FROM secret' FROM users", "SELECT: SELECT users"},
      {"SELECT 'it''s FROM secret' FROM users", "SELECT: SELECT users"},
      {R"(SELECT E'it\'s FROM secret' FROM users)", "SELECT: SELECT users"},
      {R"(SELECT e'\\' FROM users)", "SELECT: SELECT users"},
      {"SELECT $$ FROM secret $$, $a$ $$ $b$ $a FROM secret $a$ FROM users", "SELECT: SELECT users"},
      {"SELECT $x$$x$, $x$$y$x$ FROM users", "SELECT: SELECT users"},
      {"SELECT B'01', x'ff', N'FROM secret', U&'FROM secret' FROM users", "SELECT: SELECT users"},
      {"SELECT * FROM users WHERE id = $1 AND x = $2::text", "SELECT: SELECT users"},
      {"SELECT 1.5e3, 0x1F, 1_000, .5 FROM users", "SELECT: SELECT users"},
      {"SELECT a->>'FROM', b#>'{FROM,x}', c@>d, 7-3, 8/2, 5*-2 FROM users", "SELECT: SELECT users"},
      {"SELECT a -- FROM secret\nFROM users", "SELECT: SELECT users"},
      {"/* FROM a /* nested */ FROM b **/ SELECT/**/*/*x*/FROM/* y */users/", "SELECT: SELECT users"},
      {"SELECT \"FROM secret\" FROM users", "SELECT: SELECT users"},
      {"SELECT x::timestamp with time zone, users FROM users", "SELECT: SELECT users"},
      {"SELECT update, delete FROM users", "SELECT: SELECT users"},
      {"SELECT * FROM", "SELECT: SELECT"},
      {"SELECT * FROM ;", "SELECT: SELECT"},
      {"SELECT * FROM WHERE", "SELECT: SELECT"},
      {"SELECT * FROM 'x', 7, \"\"", "SELECT: SELECT"},
      {"SELECT 'never ends FROM users", "SELECT: SELECT"},
      {"SELECT $a$ never ends FROM users $a", "SELECT: SELECT"},
      {"SELECT \"never ends FROM users", "SELECT: SELECT"},
      {"SELECT /* never ends FROM users", "SELECT: SELECT"},
      {"SELECT )))) FROM users", "SELECT: SELECT users"},
  });
}

TEST(PostgresSummary, Names) {
  ExpectAll({
      {"SELECT * FROM public.users", "SELECT: SELECT public.users"},
      {"SELECT * FROM shop . public . users u", "SELECT: SELECT shop.public.users"},
      {R"(SELECT * FROM "Users")", "SELECT: SELECT Users"},
      {R"(SELECT * FROM "select")", "SELECT: SELECT select"},
      {R"(SELECT * FROM "my table"."a""b", c)", "SELECT: SELECT my_table.a_b c"},
      {"SELECT * FROM us\xc3\xa9rs", "SELECT: SELECT us\xc3\xa9rs"},
      {"SELECT * FROM us\xe9rs", "SELECT: SELECT us_rs"},
      {"SELECT * FROM a$b_1", "SELECT: SELECT a$b_1"},
      {"SELECT * FROM comment", "SELECT: SELECT comment"},
      {"SELECT * FROM a.select", "SELECT: SELECT a.select"},
      {"SELECT * FROM a.f(1), b", "SELECT: SELECT b"},
      {"SELECT * FROM users*", "SELECT: SELECT users"},
      {"SELECT * FROM a.", "SELECT: SELECT a"},
  });
  ExpectSummary("SELECT * FROM " + std::string(70, 'a'), "SELECT: SELECT " + std::string(63, 'a'));
}

TEST(PostgresSummary, Changes) {
  ExpectAll({
      {"INSERT INTO orders (id, name) VALUES (1, 'x'), (2, 'y') RETURNING id", "INSERT: INSERT orders"},
      {"INSERT INTO orders DEFAULT VALUES", "INSERT: INSERT orders"},
      {"INSERT INTO archive SELECT * FROM orders WHERE id < 7", "INSERT: INSERT archive SELECT orders"},
      {"INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET x = excluded.x, y = 2", "INSERT: INSERT a"},
      {"INSERT INTO a (update, delete) VALUES (1, 2)", "INSERT: INSERT a"},
      {"UPDATE ONLY users SET a = 1, b = 2 WHERE id = 3", "UPDATE: UPDATE users"},
      {"UPDATE users SET a = o.a FROM orders o, items WHERE true", "UPDATE: UPDATE users orders items"},
      {"UPDATE users SET a = (SELECT max(x) FROM b)", "UPDATE: UPDATE users SELECT b"},
      {"DELETE FROM users WHERE id = 1", "DELETE: DELETE users"},
      {"DELETE FROM users USING orders, items WHERE true", "DELETE: DELETE users orders items"},
      {"MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET x = s.x "
       "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id) WHEN MATCHED THEN DELETE",
       "MERGE: MERGE t s"},
  });
}

TEST(PostgresSummary, With) {
  ExpectAll({
      {"WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN b ON true", "SELECT: SELECT b SELECT a"},
      {"WITH RECURSIVE x (n) AS (SELECT 1 UNION SELECT n + 1 FROM x), y AS MATERIALIZED (DELETE FROM q "
       "RETURNING *) INSERT INTO archive SELECT * FROM y, x",
       "INSERT: INSERT archive SELECT SELECT SELECT DELETE q"},
      {"WITH old AS (SELECT * FROM a) DELETE FROM b USING old", "DELETE: DELETE b SELECT a"},
      {"WITH moved AS (UPDATE a SET x = 1 RETURNING *) SELECT * FROM moved", "SELECT: SELECT UPDATE a"},
      {"INSERT INTO t WITH x AS (SELECT * FROM a) SELECT * FROM x", "INSERT: INSERT t SELECT a SELECT"},
      {"WITH", "_OTHER: "},
      {"WITH x AS (SELECT 1) x", "_OTHER: SELECT"},
  });
}

TEST(PostgresSummary, OtherStatements) {
  ExpectAll({
      {"BEGIN", "BEGIN: BEGIN"},
      {"begin isolation level serializable", "BEGIN: BEGIN"},
      {"START TRANSACTION", "START: START"},
      {"COMMIT", "COMMIT: COMMIT"},
      {"ROLLBACK TO SAVEPOINT secret", "ROLLBACK: ROLLBACK"},
      {"SAVEPOINT s1", "SAVEPOINT: SAVEPOINT"},
      {"RELEASE s1", "RELEASE: RELEASE"},
      {"SET search_path = a, b", "SET: SET"},
      {"SHOW ALL", "SHOW: SHOW"},
      {"COPY users (id, name) FROM STDIN WITH (FORMAT csv)", "COPY: COPY users"},
      {"COPY (SELECT * FROM users) TO STDOUT", "COPY: COPY SELECT users"},
      {"CREATE TABLE IF NOT EXISTS shop.orders (id int REFERENCES users ON DELETE CASCADE)",
       "CREATE: CREATE shop.orders"},
      {"CREATE TABLE a (x timestamp with time zone, y int) WITH (fillfactor = 70)", "CREATE: CREATE a"},
      {"CREATE TEMP TABLE t AS SELECT * FROM users", "CREATE: CREATE t SELECT users"},
      {"CREATE MATERIALIZED VIEW v AS SELECT * FROM a, b", "CREATE: CREATE SELECT a b"},
      {"CREATE INDEX i ON users USING btree (name)", "CREATE: CREATE"},
      {"CREATE ROLE x PASSWORD 'secret'", "CREATE: CREATE"},
      {"ALTER TABLE ONLY users ADD a int, ADD b int", "ALTER: ALTER users"},
      {"DROP TABLE IF EXISTS a, b CASCADE", "DROP: DROP a b"},
      {"TRUNCATE a, b", "TRUNCATE: TRUNCATE a b"},
      {"TRUNCATE TABLE ONLY a", "TRUNCATE: TRUNCATE a"},
      {"LOCK TABLE a, b IN SHARE MODE", "LOCK: LOCK a b"},
      {"VACUUM ANALYZE users", "VACUUM: VACUUM users"},
      {"ANALYZE VERBOSE users (id)", "ANALYZE: ANALYZE users"},
      {"REINDEX TABLE CONCURRENTLY users", "REINDEX: REINDEX users"},
      {"COMMENT ON TABLE users IS 'secret'", "COMMENT: COMMENT users"},
      {"EXPLAIN (ANALYZE, BUFFERS) UPDATE users SET x = 1", "EXPLAIN: EXPLAIN UPDATE users"},
      {"EXPLAIN ANALYZE SELECT * FROM users", "EXPLAIN: EXPLAIN SELECT users"},
      {"DECLARE c CURSOR WITH HOLD FOR SELECT * FROM users", "DECLARE: DECLARE SELECT users"},
      {"FETCH 10 FROM c", "FETCH: FETCH"},
      {"CLOSE c", "CLOSE: CLOSE"},
      {"PREPARE p (int) AS DELETE FROM users WHERE id = $1", "PREPARE: PREPARE DELETE users"},
      {"EXECUTE p ('secret')", "EXECUTE: EXECUTE"},
      {"DEALLOCATE ALL", "DEALLOCATE: DEALLOCATE"},
      {"LISTEN jobs", "LISTEN: LISTEN"},
      {"NOTIFY jobs, 'secret'", "NOTIFY: NOTIFY"},
      {"CALL pay(7, 'secret')", "CALL: CALL"},
      {"DO $$ BEGIN DELETE FROM users; END $$", "DO: DO"},
      {"GRANT SELECT, INSERT ON users TO bob", "GRANT: GRANT"},
      {"REVOKE ALL ON users FROM bob", "REVOKE: REVOKE"},
      {"DISCARD ALL", "DISCARD: DISCARD"},
      {"START_REPLICATION SLOT s LOGICAL 0/0", "_OTHER: "},
      {"secret FROM users", "_OTHER: "},
      {"'secret' FROM users", "_OTHER: "},
      {"connect x", "_OTHER: "},
      {"7", "_OTHER: "},
      {"(", "_OTHER: "},
  });
}

TEST(PostgresSummary, SeveralStatements) {
  ExpectAll({
      {"", ""},
      {" ; ;; -- nothing\n; /* ; */", ""},
      {"BEGIN; UPDATE a SET x = ';'; COMMIT;", "BEGIN: BEGIN\nUPDATE: UPDATE a\nCOMMIT: COMMIT"},
      {"SELECT * FROM a;SELECT * FROM b", "SELECT: SELECT a\nSELECT: SELECT b"},
      {"CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c); SELECT 1",
       "CREATE: CREATE\nSELECT: SELECT"},
      {"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$; SELECT 1",
       "CREATE: CREATE\nSELECT: SELECT"},
      {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT "
       "1",
       "CREATE: CREATE\nSELECT: SELECT"},
  });
}

TEST(PostgresSummary, IsBounded) {
  // No name is cut: what does not fit is left out.
  std::string joins = "SELECT * FROM table_0";
  std::string want = "SELECT: SELECT table_0";
  for (int i = 1; i < 100; ++i) {
    const std::string name = "table_" + std::to_string(i);
    joins += " JOIN " + name + " ON true";
    if (want.size() + 1 + name.size() <= kMaxSummary + std::string_view("SELECT: ").size())
      want += " " + name;
  }
  EXPECT_EQ(ReadInPieces({joins}), want);

  // Beyond the limit nothing is read, and a word that it cuts is none.
  const std::string_view select = "SELECT ";
  const std::string_view from = " FROM user";
  std::string sql(select);
  sql.append(SummaryReader::kMaxRead - select.size() - from.size(), '7').append(from).append("s, orders");
  EXPECT_EQ(ReadInPieces({sql}), "SELECT: SELECT");
  EXPECT_EQ(ReadInPieces({std::string_view(sql).substr(1, SummaryReader::kMaxRead - 1)}), "_OTHER: ");

  // As many statements as find room.
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "BEGIN;";
  SummaryReader reader;
  reader.Begin();
  reader.Read(many);
  reader.Finish();
  EXPECT_LE(reader.row().size(), SummaryReader::kMaxRow);
  EXPECT_GT(reader.row().size(), SummaryReader::kMaxRow / 2);

  // Depth costs nothing, and what is that deep tells nothing.
  const std::string deep(100000, '(');
  EXPECT_EQ(ReadInPieces({"SELECT ", deep}), "SELECT: SELECT");
  EXPECT_EQ(ReadInPieces({"SELECT ", std::string(100, '('), "SELECT * FROM a"}), "SELECT: SELECT SELECT");
}

}  // namespace
}  // namespace sidelight::postgres
