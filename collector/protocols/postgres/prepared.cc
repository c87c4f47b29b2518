#include "collector/protocols/postgres/prepared.h"

namespace sidelight::postgres {
namespace {

// The rest of a portal's rows: the same tables under another operation.
void TurnIntoFetch(std::string& row) {
  std::string_view rest = row;
  const std::string_view summary = TakeStatement(rest).summary;
  const size_t space = summary.find(' ');
  std::string fetch(OperationName(Keyword::kFetch));
  if (space != std::string_view::npos) fetch += summary.substr(space);
  if (fetch.size() > kMaxSummary) fetch.resize(fetch.rfind(' '));
  row.clear();
  AppendStatement({Keyword::kFetch, fetch}, row);
}

}  // namespace

Prepared::Named& Prepared::named() {
  if (named_ == nullptr) named_ = std::make_unique<Named>();
  return *named_;
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
    found.value().assign(row);
  } else if (statements.size() < kMaxNames) {
    statements.emplace(std::string(statement), std::string(row));
  }
}

void Prepared::Bind(std::string_view portal, std::string_view statement) {
  Portal* bound = &unnamed_portal_;
  if (!portal.empty()) {
    if (portal.size() > kMaxName) return;
    Map<Portal>& portals = named().portals;
    auto found = portals.find(portal);
    if (found == portals.end()) {
      if (portals.size() >= kMaxNames) return;
      found = portals.emplace(std::string(portal), Portal()).first;
    }
    bound = &found.value();
  }
  bound->row.assign(Find(statement));
  bound->executed = false;
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
    if (found != named_->statements.end()) named_->statements.erase(found);
  }
}

void Prepared::ClosePortal(std::string_view name) {
  if (name.empty()) {
    unnamed_portal_.row.clear();
  } else if (named_ != nullptr) {
    const auto found = named_->portals.find(name);
    if (found != named_->portals.end()) named_->portals.erase(found);
  }
}

void Prepared::ForgetStatements() {
  unnamed_.clear();
  if (named_ != nullptr) named_->statements.clear();
}

void Prepared::ForgetPortals() {
  if (named_ != nullptr) named_->portals.clear();
}

}  // namespace sidelight::postgres
