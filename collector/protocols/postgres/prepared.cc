#include "collector/protocols/postgres/prepared.h"

#include <utility>

namespace sidelight::postgres {
namespace {

// The rest of a portal's rows: the same tables under another operation.
void TurnIntoFetch(std::string& row) {
  std::string_view rest = row;
  const Statement statement = TakeStatement(rest);
  const std::string_view summary = statement.summary;
  const size_t space = summary.find(' ');
  std::string fetch(OperationName(Keyword::kFetch));
  if (space != std::string_view::npos) fetch += summary.substr(space);
  if (fetch.size() > kMaxSummary) fetch.resize(fetch.rfind(' '));
  std::string turned;
  AppendStatement({Keyword::kFetch, fetch, statement.query}, turned);
  row = std::move(turned);
}

size_t QueryBytes(std::string_view row) {
  return row.empty() ? 0 : TakeStatement(row).query.size();
}

}  // namespace

Prepared::Named& Prepared::named() {
  if (named_ == nullptr) named_ = std::make_unique<Named>();
  return *named_;
}

void Prepared::Assign(std::string& row, std::string_view to) {
  size_t& bytes = named().query_bytes;
  bytes -= QueryBytes(row);
  if (bytes + QueryBytes(to) <= kMaxQueryBytes) {
    row.assign(to);
  } else {
    row.clear();
    AppendWithoutQueries(to, row);
  }
  bytes += QueryBytes(row);
}

std::string_view Prepared::Find(std::string_view statement) const {
  if (statement.empty()) return unnamed_;
  if (named_ == nullptr) return {};
  const auto found = named_->statements.find(statement);
  return found == named_->statements.end() ? std::string_view() : std::string_view(found->second);
}

void Prepared::Parse(std::string_view statement, std::string_view row) {
  if (statement.empty()) {
    unnamed_.assign(row);
    return;
  }
  if (statement.size() > kMaxName) return;
  Map<std::string>& statements = named().statements;
  const auto found = statements.find(statement);
  if (found != statements.end()) {
    Assign(found.value(), row);
  } else if (statements.size() < kMaxNames) {
    Assign(statements.emplace(std::string(statement), std::string()).first.value(), row);
  }
}

void Prepared::Bind(std::string_view portal, std::string_view statement) {
  if (portal.empty()) {
    unnamed_portal_.row.assign(Find(statement));
    unnamed_portal_.executed = false;
    return;
  }
  if (portal.size() > kMaxName) return;
  Map<Portal>& portals = named().portals;
  auto found = portals.find(portal);
  if (found == portals.end()) {
    if (portals.size() >= kMaxNames) return;
    found = portals.emplace(std::string(portal), Portal()).first;
  }
  Assign(found.value().row, Find(statement));
  found.value().executed = false;
}

std::string_view Prepared::Execute(std::string_view portal) {
  Portal* bound = &unnamed_portal_;
  if (!portal.empty()) {
    if (named_ == nullptr) return {};
    const auto found = named_->portals.find(portal);
    if (found == named_->portals.end()) return {};
    bound = &found.value();
  }
  if (bound->executed && !bound->row.empty()) TurnIntoFetch(bound->row);
  bound->executed = true;
  return bound->row;
}

void Prepared::CloseStatement(std::string_view name) {
  if (name.empty()) {
    unnamed_.clear();
  } else if (named_ != nullptr) {
    const auto found = named_->statements.find(name);
    if (found == named_->statements.end()) return;
    Assign(found.value(), {});
    named_->statements.erase(found);
  }
}

void Prepared::ClosePortal(std::string_view name) {
  if (name.empty()) {
    unnamed_portal_.row.clear();
  } else if (named_ != nullptr) {
    const auto found = named_->portals.find(name);
    if (found == named_->portals.end()) return;
    Assign(found.value().row, {});
    named_->portals.erase(found);
  }
}

void Prepared::ForgetStatements() {
  unnamed_.clear();
  if (named_ == nullptr) return;
  for (auto it = named_->statements.begin(); it != named_->statements.end(); ++it) Assign(it.value(), {});
  named_->statements.clear();
}

void Prepared::ForgetPortals() {
  if (named_ == nullptr || named_->portals.empty()) return;
  for (auto it = named_->portals.begin(); it != named_->portals.end(); ++it) Assign(it.value().row, {});
  named_->portals.clear();
}

}  // namespace sidelight::postgres
