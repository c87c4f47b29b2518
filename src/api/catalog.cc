#include "src/api/catalog.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "core/wire/exposition/escaping.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "src/api/catalog_json.h"
#include "src/api/query_parameters.h"
#include "src/api/request_parameters.h"
#include "src/api/selectors.h"

namespace sidelight::api {
namespace {

constexpr UnixMillis kEver = std::numeric_limits<UnixMillis>::max();
constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

Answer JsonAnswer(Result<std::string> body) {
  if (!body) return Refuse(422, "execution", std::move(body.error().message));
  return JsonResponse(*std::move(body));
}

// When what is asked for was there.
struct Span {
  UnixMillis from = -kEver;
  UnixMillis to = kEver;
};

tl::expected<Span, Problem> ReadSpan(const http::Fields& parameters) {
  Span span;
  for (const auto& [name, time] : {std::pair("start", &span.from), std::pair("end", &span.to)}) {
    const std::string_view text = FirstOf(parameters, name);
    if (text.empty()) continue;
    const Result<UnixMillis> end = ParseEnd(text);
    if (!end) {
      return BadParameter(name, std::string("Invalid time value for '") + name + "': " + end.error().message);
    }
    *time = *end;
  }
  return span;
}

// How many may come back, and when what comes back was there.
struct Ask {
  size_t limit = kNoLimit;
  Span span;
};

tl::expected<Ask, Problem> ReadAsk(const http::Fields& parameters) {
  Ask ask;
  if (const std::string_view text = FirstOf(parameters, "limit"); !text.empty()) {
    const Result<size_t> limit = ParseLimit(text);
    if (!limit) return BadParameter("limit", limit.error().message);
    if (*limit > 0) ask.limit = *limit;
  }
  const auto span = ReadSpan(parameters);
  if (!span) return tl::unexpected<Problem>(span.error());
  ask.span = *span;
  return ask;
}

// The union of lists sorted by `Less`, of which only the first `limit` items will be shown.
template <class Item, class Less = std::less<Item>>
class Union {
 public:
  explicit Union(size_t limit) : limit_(limit) {}

  void Add(std::vector<Item> more) {
    Cut(&more);
    if (items_.empty()) {
      items_ = std::move(more);
      return;
    }
    std::vector<Item> both;
    both.reserve(items_.size() + more.size());
    std::set_union(std::move_iterator(items_.begin()), std::move_iterator(items_.end()),
                   std::move_iterator(more.begin()), std::move_iterator(more.end()), std::back_inserter(both),
                   Less());
    items_ = std::move(both);
    Cut(&items_);
  }

  // Ends the union: leaves out what is beyond the limit, and says whether that was anything.
  bool Finish() {
    const bool cut = items_.size() > limit_;
    if (cut) items_.resize(limit_);
    return cut;
  }
  const std::vector<Item>& items() const { return items_; }

 private:
  // One more than will be shown, so that the end knows.
  void Cut(std::vector<Item>* items) const {
    if (limit_ < items->size()) items->resize(limit_ + 1);
  }

  const size_t limit_;
  std::vector<Item> items_;
};

struct LessByLabels {
  bool operator()(const storage::Store::SeriesExemplars& a, const storage::Store::SeriesExemplars& b) const {
    return a.labels < b.labels;
  }
};

// The first `limit` of these, by their labels, and one more.
std::vector<Labels> Sorted(const storage::Selection& selection, size_t limit) {
  std::vector<Labels> labels;
  labels.reserve(selection.series().size());
  for (const storage::Series* const series : selection.series()) labels.push_back(series->labels());
  if (limit < labels.size()) {
    std::nth_element(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(limit), labels.end());
    labels.resize(limit + 1);
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace

// A place among what runs at once, for one request.
class Catalog::Turn {
 public:
  Turn(Catalog* catalog, const http::Request& request)
      : catalog_(*catalog),
        entry_(&catalog->in_flight_, request.client),
        deadline_(catalog->clock_.Now() + catalog->engine_.options().timeout),
        place_(catalog->engine_, deadline_, &entry_.cancellation()) {}

  // To be asked before each part of the work: why it must not go on.
  tl::expected<void, Problem> Check() const {
    if (!place_.taken()) return entry_.Ended(place_.taken().error().message);
    if (entry_.cancellation().cancelled()) return entry_.Ended("query was canceled in series lookup");
    if (catalog_.clock_.Now() >= deadline_) return entry_.Ended("query timed out in series lookup");
    return {};
  }

 private:
  const Catalog& catalog_;
  const InFlight::Entry entry_;
  const TimePoint deadline_;
  const promql::Engine::Turn place_;
};

Catalog::Catalog(const promql::Engine& engine, const storage::Store& data, QueryOptions options,
                 const Clock& clock)
    : engine_(engine), data_(data), options_(options), clock_(clock) {}

template <class List>
Answer Catalog::ListTexts(const http::Request& request, const List& list) {
  const auto parameters = ParametersOf(request);
  if (!parameters) return tl::unexpected<Problem>(parameters.error());
  const auto ask = ReadAsk(*parameters);
  if (!ask) return tl::unexpected<Problem>(ask.error());
  auto selectors = ReadSelectors(AllOf(*parameters, "match[]"));
  if (!selectors) return tl::unexpected<Problem>(selectors.error());
  if (selectors->empty()) selectors->emplace_back();  // all series
  const Turn turn(this, request);
  Union<std::string> texts(ask->limit);
  for (const std::vector<Matcher>& matchers : *selectors) {
    if (const auto going = turn.Check(); !going) return tl::unexpected<Problem>(going.error());
    texts.Add(list(matchers, ask->span.from, ask->span.to));
  }
  const bool cut = texts.Finish();
  return JsonAnswer(WriteTexts(texts.items(), cut, options_.max_result_bytes));
}

Answer Catalog::LabelNames(const http::Request& request) {
  return ListTexts(request, [&](const std::vector<Matcher>& matchers, UnixMillis from, UnixMillis to) {
    return data_.LabelNames(matchers, from, to);
  });
}

Answer Catalog::LabelValues(const http::Request& request, std::string_view name) {
  const std::string label = wire::UnescapeName(name);
  if (label.empty() || !IsValidUtf8(label)) return BadData("invalid label name: " + promql::Quote(label));
  return ListTexts(request, [&](const std::vector<Matcher>& matchers, UnixMillis from, UnixMillis to) {
    return data_.LabelValues(label, matchers, from, to);
  });
}

Answer Catalog::Series(const http::Request& request) {
  const auto parameters = ParametersOf(request);
  if (!parameters) return tl::unexpected<Problem>(parameters.error());
  const std::vector<std::string> texts = AllOf(*parameters, "match[]");
  if (texts.empty()) return BadData("no match[] parameter provided");
  const auto ask = ReadAsk(*parameters);
  if (!ask) return tl::unexpected<Problem>(ask.error());
  const auto selectors = ReadSelectors(texts);
  if (!selectors) return BadParameter("match[]", selectors.error().message);
  const Turn turn(this, request);
  Union<Labels> series(ask->limit);
  for (const std::vector<Matcher>& matchers : *selectors) {
    if (const auto going = turn.Check(); !going) return tl::unexpected<Problem>(going.error());
    series.Add(Sorted(*data_.Select(matchers, ask->span.from, ask->span.to), ask->limit));
  }
  const bool cut = series.Finish();
  return JsonAnswer(WriteSeries(series.items(), cut, options_.max_result_bytes));
}

Answer Catalog::Exemplars(const http::Request& request) {
  const auto parameters = ParametersOf(request);
  if (!parameters) return tl::unexpected<Problem>(parameters.error());
  const auto span = ReadSpan(*parameters);
  if (!span) return tl::unexpected<Problem>(span.error());
  if (span->to < span->from) return BadData("end timestamp must not be before start timestamp");
  const Result<promql::ExprPtr> expr = promql::Parse(FirstOf(*parameters, "query"), options_.parser);
  if (!expr) return BadData(expr.error().message);
  const auto selectors = SelectorsOf(**expr);
  if (!selectors) return tl::unexpected<Problem>(selectors.error());
  // As Prometheus has it, where there is nothing to select.
  if (selectors->empty()) return http::Response{.status = 204};
  const Turn turn(this, request);
  Union<storage::Store::SeriesExemplars, LessByLabels> series(kNoLimit);
  for (const std::vector<Matcher>& matchers : *selectors) {
    if (const auto going = turn.Check(); !going) return tl::unexpected<Problem>(going.error());
    series.Add(data_.Exemplars({&matchers, 1}, span->from, span->to));
  }
  return JsonAnswer(WriteExemplars(series.items(), options_.max_result_bytes));
}

void AddCatalog(Catalog* catalog, Router* router) {
  for (const char* const method : {"GET", "POST"}) {
    router->Add(method, "/api/v1/labels",
                [catalog](const Call& call) { return catalog->LabelNames(call.request); });
    router->Add(method, "/api/v1/series",
                [catalog](const Call& call) { return catalog->Series(call.request); });
    router->Add(method, "/api/v1/query_exemplars",
                [catalog](const Call& call) { return catalog->Exemplars(call.request); });
  }
  router->Add("GET", "/api/v1/label/{name}/values",
              [catalog](const Call& call) { return catalog->LabelValues(call.request, call.segment); });
}

}  // namespace sidelight::api
