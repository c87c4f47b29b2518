#include "rules/template/interpreter.h"

#include <algorithm>

namespace sidelight::text_template {

class Interpreter::Nesting {
 public:
  explicit Nesting(Interpreter* interpreter) : interpreter_(interpreter) { ++interpreter_->depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  ~Nesting() { --interpreter_->depth_; }
  bool Check() const {
    const int limit = interpreter_->limits_.depth;
    return interpreter_->depth_ <= limit ||
           interpreter_->Fail("exceeded maximum template depth (" + std::to_string(limit) + ")",
                              ErrorCode::kLimit);
  }

 private:
  Interpreter* interpreter_;
};

Result<std::string> Interpreter::Run(const Value& data) {
  if (!CallTemplate(name_, data)) return tl::unexpected<Error>(std::move(error_));
  return std::move(out_).Take();
}

bool Interpreter::Fail(std::string_view message, ErrorCode code) {
  const std::string_view before = text_.substr(0, position_);
  const size_t newline = before.rfind('\n');
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t column = newline == std::string_view::npos ? position_ : position_ - newline - 1;
  std::string sentence = "template: " + std::string(name_);
  if (node_ != nullptr) {
    sentence += ":" + std::to_string(line) + ":" + std::to_string(column) + ": executing " +
                QuoteText(current_) + " at <" + describe_(node_) + ">";
  }
  error_ = {code, sentence + ": " + std::string(message)};
  return false;
}

bool Interpreter::Spend(size_t weight) {
  constexpr size_t kBytesAStep = 64;
  steps_ += 1 + weight / kBytesAStep;
  return steps_ <= limits_.steps ||
         Fail("more than " + std::to_string(limits_.steps) + " steps", ErrorCode::kLimit);
}

bool Interpreter::Write(std::string_view text) {
  out_.Text(text);
  return !out_.full() ||
         Fail("more than " + std::to_string(limits_.output) + " bytes of output", ErrorCode::kLimit);
}

bool Interpreter::Set(std::string_view name, Value value) {
  for (size_t i = variables_.size(); i > frame_; --i) {
    if (variables_[i - 1].name != name) continue;
    variables_[i - 1].value = std::move(value);
    return true;
  }
  return Fail("undefined variable: " + std::string(name));
}

bool Interpreter::Walk(const Value& dot, const std::vector<Statement>& statements, Flow* flow) {
  const Nesting nesting(this);
  if (!nesting.Check()) return false;
  for (const Statement& statement : statements) {
    if (!WalkStatement(dot, statement, flow)) return false;
    if (*flow != Flow::kOn) break;
  }
  return true;
}

bool Interpreter::WalkStatement(const Value& dot, const Statement& statement, Flow* flow) {
  At(statement);
  if (!Spend(0)) return false;
  switch (statement.kind) {
    case Statement::Kind::kText:
      return Write(statement.text);
    case Statement::Kind::kAction:
      return WalkAction(dot, *statement.pipeline);
    case Statement::Kind::kIf:
    case Statement::Kind::kWith:
      return WalkIfOrWith(dot, statement, flow);
    case Statement::Kind::kRange:
      return WalkRange(dot, statement, flow);
    case Statement::Kind::kTemplate:
      return WalkCall(dot, statement);
    case Statement::Kind::kBreak:
      *flow = Flow::kBreak;
      return true;
    case Statement::Kind::kContinue:
      *flow = Flow::kContinue;
      return true;
  }
  return true;
}

bool Interpreter::WalkAction(const Value& dot, const Pipeline& pipeline) {
  Value value;
  if (!Evaluate(dot, pipeline, &value)) return false;
  if (!pipeline.declarations.empty()) return true;
  if (value.none()) return Write("<no value>");
  if (const std::string* text = value.As<std::string>()) return Write(*text);
  const size_t before = out_.size();
  out_.Operand(value);
  return Spend(out_.size() - before) && Write("");
}

bool Interpreter::WalkIfOrWith(const Value& dot, const Statement& statement, Flow* flow) {
  const size_t mark = variables_.size();
  Value value;
  if (!Evaluate(dot, *statement.pipeline, &value)) return false;
  bool walked = true;
  if (value.Truth()) {
    walked = Walk(statement.kind == Statement::Kind::kWith ? value : dot, statement.body, flow);
  } else {
    walked = Walk(dot, statement.otherwise, flow);
  }
  if (walked) variables_.resize(mark);
  return walked;
}

bool Interpreter::WalkRange(const Value& dot, const Statement& statement, Flow* flow) {
  const size_t mark = variables_.size();
  Value value;
  if (!Evaluate(dot, *statement.pipeline, &value)) return false;
  bool on = true;
  size_t rounds = 0;
  if (const ListPtr* list = value.As<ListPtr>()) {
    rounds = (*list)->items().size();
    for (size_t i = 0; i < rounds && on; ++i) {
      if (!WalkRound(statement, Value(static_cast<int64_t>(i)), (*list)->items()[i], &on)) return false;
    }
  } else if (const MapPtr* map = value.As<MapPtr>()) {
    const std::vector<std::string> keys = (*map)->Keys();
    rounds = keys.size();
    for (size_t i = 0; i < rounds && on; ++i) {
      if (!WalkRound(statement, Value(keys[i]), (*map)->Get(keys[i]).value_or((*map)->Missing()), &on))
        return false;
    }
  } else if (const int64_t* count = value.As<int64_t>()) {
    if (statement.pipeline->declarations.size() > 1) {
      return Fail("can't use " + std::to_string(*count) + " to iterate over more than one variable");
    }
    rounds = *count > 0 ? static_cast<size_t>(*count) : 0;
    for (size_t i = 0; i < rounds && on; ++i) {
      const Value item(static_cast<int64_t>(i));
      if (!WalkRound(statement, item, item, &on)) return false;
    }
  } else if (!value.none()) {
    Printer shown(256);
    shown.Operand(value);
    return Fail("range can't iterate over " + shown.text());
  }
  if (rounds == 0 && !Walk(dot, statement.otherwise, flow)) return false;
  variables_.resize(mark);
  return true;
}

bool Interpreter::WalkRound(const Statement& statement, Value key, Value item, bool* on) {
  if (!Spend(item.weight())) return false;
  const Pipeline& pipeline = *statement.pipeline;
  const size_t declared = pipeline.declarations.size();
  if (declared > 0 && pipeline.assigns) {
    if (declared > 1 && !Set(pipeline.declarations[0], std::move(key))) return false;
    if (!Set(pipeline.declarations[declared - 1], item)) return false;
  } else if (declared > 0) {
    variables_[variables_.size() - 1].value = item;
    if (declared > 1) variables_[variables_.size() - 2].value = std::move(key);
  }
  const size_t mark = variables_.size();
  Flow flow = Flow::kOn;
  if (!Walk(item, statement.body, &flow)) return false;
  variables_.resize(mark);
  *on = flow != Flow::kBreak;
  return true;
}

bool Interpreter::WalkCall(const Value& dot, const Statement& statement) {
  if (definitions_.find(statement.text) == definitions_.end()) {
    return Fail("template " + QuoteText(statement.text) + " not defined");
  }
  Value data;
  if (statement.pipeline != nullptr && !Evaluate(dot, *statement.pipeline, &data)) return false;
  return CallTemplate(statement.text, data);
}

bool Interpreter::CallTemplate(std::string_view name, const Value& data) {
  const auto found = definitions_.find(name);
  if (found == definitions_.end()) return Fail("template " + QuoteText(name) + " not defined");
  const Nesting nesting(this);
  if (!nesting.Check()) return false;
  const std::string_view caller = std::exchange(current_, found->first);
  const size_t outer_frame = std::exchange(frame_, variables_.size());
  variables_.push_back({"$", data});
  Flow flow = Flow::kOn;
  if (!Walk(data, found->second, &flow)) return false;
  variables_.resize(frame_);
  frame_ = outer_frame;
  current_ = caller;
  return true;
}

Result<std::string> Interpreter::ExecuteTemplate(std::string_view name, const Value& data) {
  Printer outer = std::exchange(out_, Printer(limits_.output));
  const bool called = CallTemplate(name, data);
  std::string text = std::move(std::exchange(out_, std::move(outer))).Take();
  if (!called) return tl::unexpected<Error>(error_);
  return text;
}

}  // namespace sidelight::text_template
