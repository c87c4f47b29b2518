// SQL, and its text without literals. Every text is read whole, byte by byte and cut in two at every place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collector/protocols/postgres/summary.h"
#include "core/base/utf8.h"

namespace sidelight::postgres {
namespace {

// The text of each statement, one a line.
std::string ReadInPieces(const std::vector<std::string_view>& pieces) {
  SummaryReader reader;
  // What was read before must not matter.
  reader.Begin(true);
  reader.Read("INSERT INTO a VALUES (1, (2), 'it\\'s");
  reader.Begin(true);
  for (const std::string_view piece : pieces) reader.Read(piece);
  reader.Finish();
  std::string told;
  std::string_view row = reader.row();
  while (!row.empty()) {
    if (!told.empty()) told += "\n";
    told += TakeStatement(row).query;
  }
  return told;
}

void ExpectText(std::string_view sql, const std::string& want) {
  ASSERT_EQ(ReadInPieces({sql}), want) << sql;
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < sql.size(); ++i) bytes.push_back(sql.substr(i, 1));
  ASSERT_EQ(ReadInPieces(bytes), want) << sql << "\nbyte by byte";
  for (size_t at = 1; at < sql.size(); ++at) {
    ASSERT_EQ(ReadInPieces({sql.substr(0, at), sql.substr(at)}), want) << sql << "\ncut at " << at;
  }
}

struct Row {
  std::string_view sql;
  const char* want;
};

void ExpectAll(std::initializer_list<Row> rows) {
  for (const Row& row : rows) ExpectText(row.sql, row.want);
}

TEST(PostgresNormalize, Numbers) {
  ExpectAll({
      {"SELECT 1", "SELECT ?"},
      {"SELECT 1, 2.5, .5, 1e10, 1.5e-10, 0x1F, 1_000", "SELECT ?, ?, ?, ?, ?, ?, ?"},
      {"WHERE a=-5 AND b = +5 AND c - 5 > 0 AND d-5 > -.5", "WHERE a=? AND b = ? AND c - ? > ? AND d-? > ?"},
      {"f(-1)", "f(?)"},
      {"SELECT 1e+x", "SELECT ?+x"},
      {"SELECT 1e--5 secret\n, a", "SELECT ?, a"},
      {"SELECT 7a$b$ secret $b$", "SELECT ?"},
      {"SELECT 7$b$ it's secret $b$", "SELECT ?"},
      {"LIMIT 20 OFFSET 40", "LIMIT ? OFFSET ?"},
      {"WHERE t1.c2 = 3", "WHERE t1.c2 = ?"},
  });
}

TEST(PostgresNormalize, Strings) {
  ExpectAll({
      {"a = 'secret'", "a = ?"},
      {"a='secret'AND b", "a=?AND b"},
      {"a = 'it''s secret' AND b = ''", "a = ? AND b = ?"},
      {"a = 'sec'\n  'ret' AND b", "a = ? AND b"},
      {"a = E'it\\'s \\\\' AND b = e'\\\\'", "a = ? AND b = ?"},
      {"a = B'101' OR a = X'1F' OR a = n'secret'", "a = ? OR a = ? OR a = ?"},
      {"a = U&'d\\0061t' UESCAPE '!' OR a = u&'x'", "a = ? UESCAPE ? OR a = ?"},
      {"a = $$secret$$ OR a = $tag$ $$ $ta$ 'secret' $tag$ OR b", "a = ? OR a = ? OR b"},
      {"DATE '2026-01-01' + INTERVAL'1 day'", "DATE ? + INTERVAL?"},
      {"DO $$BEGIN PERFORM 'secret'; END$$", "DO ?"},
      {"COPY a FROM '/srv/secret'", "COPY a FROM ?"},
      {"ALTER USER bob PASSWORD 'secret'", "ALTER USER bob PASSWORD ?"},
      {"a ->> 'k' ? 'k'", "a ->> ? ? ?"},
      {"'\xc3\xa4\xff'::text", "?::text"},
  });
}

TEST(PostgresNormalize, WhatIsDoubtfulIsRemoved) {
  ExpectAll({
      {"a = 'secret", "a = ?"},
      {"a = E'secret\\' AND b", "a = ?"},
      {"a = $tag$secret", "a = ?"},
      {"a = $tag$secret$ta", "a = ?"},
      {"SELECT \"secret", "SELECT"},
      {"SELECT a /* secret /* */ secret", "SELECT a"},
      {"SELECT a -- secret", "SELECT a"},
      // Where the first one ends depends on standard_conforming_strings.
      {"a = 'x\\' OR b = ' secret ' OR c", "a = ?"},
      {"a = 'x\\\\' OR b = 'secret' OR c", "a = ? OR b = ? OR c"},
      {"a = 'x\\\\\\' OR b = ' secret '; SELECT ' secret ' FROM c", "a = ?\n"},
      // The second half of a character in SJIS and its like may be a backslash.
      {"a = E'\x95\\', b = ' secret '", "a = ?"},
      {"a = E'\x95\\n' OR b", "a = ? OR b"},
      // Nothing that a server would take.
      {"a = $tag secret$", "a = ?"},
      {"a = $", "a = ?"},
      {"a = $11e' secret\\'b' secret ", "a ="},
      {"a = $123456789", "a = ?"},
      {"a = 1E'x\\' secret '", "a = ?"},
  });
  const std::string tag(SqlLexer::kMaxWord + 1, 't');
  ExpectText("a = $" + tag + "$ it's secret $" + tag + "$ OR b", "a = ?");
}

TEST(PostgresNormalize, TheRestStays) {
  ExpectAll({
      {"", ""},
      {" ;; ", ""},
      {"  SELECT\t a.\"B c\" ,\n\n b FROM  s.\"x\"\"y\" ; ", "SELECT a.\"B c\", b FROM s.\"x\"\"y\""},
      {"SELECT a/**/FROM b--\n,c", "SELECT a FROM b, c"},
      {"SELECT ( a , b ) [ c ]", "SELECT (a, b) [c]"},
      {"SELECT $1, f($2, $3), $12345", "SELECT $1, f($2, $3), $12345"},
      {"a >= $1::int AND b != c || d", "a >= $1::int AND b != c || d"},
      {"SELECT a - b, a / b, a * b, -a", "SELECT a - b, a / b, a * b, -a"},
      {"SELECT Stra\xc3\x9f"
       "e FROM \"\xff\"",
       "SELECT Stra\xc3\x9f"
       "e FROM \"_\""},
      {"SELECT 1; UPDATE a SET b = 'x;y' ; COMMIT", "SELECT ?\nUPDATE a SET b = ?\nCOMMIT"},
      {"SELECT \x01 a", "SELECT a"},
      {"SELECT null, true, default", "SELECT null, true, default"},
  });
}

TEST(PostgresNormalize, Lists) {
  ExpectAll({
      {"a IN (1)", "a IN (?)"},
      {"a in (1, 'b', -3)", "a in (?)"},
      {"a IN($1,$2,$3)", "a IN(?)"},
      {"a NOT IN (1::int, 2::int) AND b", "a NOT IN (?::int) AND b"},
      {"(a, b) IN ((1, 2), (3, 4))", "(a, b) IN ((?))"},
      {"a IN (f(1), f(2), 3)", "a IN (f(?), ?)"},
      {"a IN (SELECT b, $1 FROM c WHERE d IN (1, 2))", "a IN (SELECT b, $1 FROM c WHERE d IN (?))"},
      {"a = ANY(ARRAY[1, 2, 3]) OR a = ANY('{1,2}')", "a = ANY(ARRAY[?]) OR a = ANY(?)"},
      {"ARRAY[[1, 2], [3, 4]]", "ARRAY[[?]]"},
      {"a[1]", "a[?]"},
      {"f(1, 2)", "f(?, ?)"},
      {"INSERT INTO a VALUES (1, 'x', NULL)", "INSERT INTO a VALUES (?)"},
      {"INSERT INTO a (b, c) VALUES ($1, $2), ($3, DEFAULT) RETURNING b, c",
       "INSERT INTO a (b, c) VALUES (?) RETURNING b, c"},
      {"INSERT INTO a VALUES (1, now()), (2, now()),(3, now()) ON CONFLICT (b) DO NOTHING",
       "INSERT INTO a VALUES (?, now()) ON CONFLICT (b) DO NOTHING"},
      {"SELECT * FROM (VALUES (1), (2)) v (a), b", "SELECT * FROM (VALUES (?)) v (a), b"},
      {"VALUES (1)), (2), )", "VALUES (?)), (?), )"},
      {"a IN ((((((((((((((((((1, 2", "a IN ((((((((((((((((((?, ?"},
  });
}

TEST(PostgresNormalize, IsBounded) {
  // However many rows there are, the text is that of one.
  std::string rows = "INSERT INTO a VALUES (1, 'x')";
  for (int i = 0; i < 1000; ++i) rows += ", (" + std::to_string(i) + ", 'y')";
  EXPECT_EQ(ReadInPieces({rows}), "INSERT INTO a VALUES (?)");

  // It is cut between tokens.
  std::string columns = "SELECT a";
  for (int i = 0; i < 1000; ++i)
    columns +=
        ", stra\xc3\x9f"
        "e";
  const std::string text = ReadInPieces({columns});
  EXPECT_LE(text.size(), kMaxQuery);
  EXPECT_GT(text.size(), kMaxQuery - 16);
  EXPECT_TRUE(IsValidUtf8(text));
  EXPECT_TRUE(text.ends_with("stra\xc3\x9f"
                             "e") ||
              text.ends_with(","));

  // A literal that the limit of reading cuts.
  std::string sql = "SELECT 'x'";
  sql.append(SummaryReader::kMaxRead - sql.size() - 4, ' ').append("'it''s secret'");
  EXPECT_EQ(ReadInPieces({sql}), "SELECT ?");

  // The texts of many statements find no room, their summaries do.
  std::string many;
  for (int i = 0; i < 20; ++i) many += columns + ";";
  SummaryReader reader;
  reader.Begin(true);
  reader.Read(many);
  reader.Finish();
  EXPECT_LE(reader.row().size(), SummaryReader::kMaxRow + SummaryReader::kMaxQueries);
  size_t with = 0;
  size_t all = 0;
  for (std::string_view row = reader.row(); !row.empty(); ++all)
    with += TakeStatement(row).query.empty() ? 0 : 1;
  EXPECT_GT(all, with);
  EXPECT_EQ(with, 4u);

  // Nothing is kept unless it is asked for.
  reader.Begin();
  reader.Read("SELECT 1");
  reader.Finish();
  std::string_view row = reader.row();
  EXPECT_EQ(TakeStatement(row).query, "");
}

}  // namespace
}  // namespace sidelight::postgres
