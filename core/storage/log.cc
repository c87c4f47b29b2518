#include "core/storage/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "core/base/log.h"

namespace sidelight::storage {
namespace {

constexpr uint64_t kLongestSegment = 8 << 20;  // bytes; a start reads one at a time into memory
constexpr Duration kRetry = std::chrono::seconds(10);

constexpr std::string_view kPrefix = "samples-";
constexpr std::string_view kSuffix = ".log";

std::string SegmentName(uint64_t number) {
  return fmt::format("{}{:010}{}", kPrefix, number, kSuffix);
}

// 0 for what is no segment.
uint64_t SegmentNumber(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

}  // namespace

Log::Log(std::shared_ptr<Files> files, const Clock& clock, Options options)
    : files_(std::move(files)), clock_(clock), options_(std::move(options)) {}

Log::~Log() {
  Close();
}

void Log::Failed(const Error& error) {
  ++counts_.log_errors;
  waiting_ = true;
  retry_ = clock_.Now() + kRetry;
  if (state_ == LogState::kFailing) return;
  state_ = LogState::kFailing;
  log::Error(
      "the log of samples cannot be written: samples are kept in memory only, and would not survive a "
      "restart",
      {{"error", error.message}});
}

void Log::Working() {
  if (state_ == LogState::kWriting) return;
  state_ = LogState::kWriting;
  log::Info("the log of samples is written again", {{"path", options_.folder}});
}

// Whether there is a folder that is ours alone.
bool Log::Ready() {
  if (lock_ != nullptr) return true;
  if (Status made = files_->MakeFolder(options_.folder); !made) {
    Failed(made.error());
    return false;
  }
  auto lock = files_->Lock(options_.folder);
  if (!lock) {
    Failed(lock.error());
    return false;
  }
  auto names = files_->List(options_.folder);
  if (!names) {
    Failed(names.error());
    return false;
  }
  for (const std::string& name : *names) {
    if (const uint64_t number = SegmentNumber(name); number != 0) found_.emplace_back(number, name);
  }
  std::sort(found_.begin(), found_.end());
  if (!found_.empty()) next_number_ = found_.back().first + 1;
  lock_ = std::move(*lock);
  return true;
}

void Log::Replay(Replayer& replayer) {
  if (!Ready()) return;
  for (const auto& [number, name] : found_) {
    ReplaySegment(number, options_.folder + "/" + name, replayer);
  }
}

void Log::ReplaySegment(uint64_t number, const std::string& path, Replayer& replayer) {
  const auto bytes = files_->Read(path);
  if (!bytes) {
    ++counts_.log_errors;
    log::Error("a segment of the log of samples cannot be read: its samples are not there",
               {{"error", bytes.error().message}});
    return;
  }
  const LogReadResult read = ReadLog(*bytes, replayer.BeginSegment());
  const UnixMillis newest = replayer.EndSegment();
  switch (read.end) {
    case LogReadResult::End::kWhole:
      break;
    case LogReadResult::End::kTorn: {
      ++counts_.log_torn;
      const Status cut = read.good == 0 ? files_->Remove(path) : files_->Truncate(path, read.good);
      if (!cut) ++counts_.log_errors;
      break;
    }
    case LogReadResult::End::kCorrupt:
      SetAside(path, std::string_view(*bytes).substr(0, read.good), "corrupt");
      break;
    case LogReadResult::End::kNewer:
      SetAside(path, {}, "newer");
      break;
  }
  if (read.good > 0) segments_.push_back({number, path, read.good, newest});
}

// Renames the file, and leaves the part of it that is sound in its place.
void Log::SetAside(const std::string& path, std::string_view good, const char* why) {
  ++counts_.log_set_aside;
  const std::string aside = path + "." + why;
  Status done = files_->Rename(path, aside);
  if (done && !good.empty()) {
    auto copy = files_->Create(path);
    if (copy) {
      done = (*copy)->Append(good);
    } else {
      done = tl::unexpected(copy.error());
    }
  }
  log::Warn("a segment of the log of samples is " + std::string(why) + " and was set aside",
            {{"path", aside}});
  if (done) return;
  ++counts_.log_errors;
  log::Error("a segment of the log of samples could not be set aside", {{"error", done.error().message}});
}

bool Log::OpenSegment() {
  const uint64_t number = next_number_++;
  const std::string path = options_.folder + "/" + SegmentName(number);
  auto file = files_->Create(path);
  if (!file) {
    Failed(file.error());
    return false;
  }
  const std::string header = LogHeader();
  if (Status written = (*file)->Append(header); !written) {
    file->reset();
    if (!files_->Remove(path)) ++counts_.log_errors;
    Failed(written.error());
    return false;
  }
  file_ = std::move(*file);
  opened_ = clock_.Now();
  segments_.push_back({number, path, header.size()});
  return true;
}

void Log::CloseSegment() {
  if (file_ == nullptr) return;
  if (!file_->Sync()) ++counts_.log_errors;
  file_ = nullptr;
}

void Log::Add(MemorySeries& series, UnixMillis time, double value, const FloatHistogramPtr& histogram,
              UnixMillis start) {
  if (!BeginBatch()) {
    ++counts_.log_lost;
    return;
  }
  batch_newest_ = std::max(batch_newest_, time);
  batch_.Add(series, time, value, histogram, start);
}

void Log::Add(MemorySeries& series, const Exemplar& exemplar) {
  if (BeginBatch()) batch_.Add(series, exemplar);
}

// Whether what is added goes into a record.
bool Log::BeginBatch() {
  if (in_batch_) return file_ != nullptr;
  in_batch_ = true;
  batch_newest_ = INT64_MIN;
  if (closed_) return false;
  if (file_ != nullptr) {
    const bool old =
        options_.longest_segment != Duration{} && clock_.Now() - opened_ >= options_.longest_segment;
    if (old || segments_.back().bytes >= kLongestSegment) CloseSegment();
  }
  if (file_ == nullptr) {
    if (waiting_ && clock_.Now() < retry_) return false;
    waiting_ = false;
    if (!Ready() || !OpenSegment()) return false;
  }
  batch_.Begin(segments_.back().number);
  return true;
}

void Log::Write() {
  in_batch_ = false;
  if (batch_.empty() || file_ == nullptr) return;
  Segment& segment = segments_.back();
  const std::string_view record = batch_.Finish();
  if (record.size() - kRecordHeaderSize > kMostRecordBytes) {
    ++counts_.log_errors;
    counts_.log_lost += batch_.samples();
    // The segment may lack definitions now.
    CloseSegment();
    batch_.Clear();
    return;
  }
  if (Status written = file_->Append(record); !written) {
    counts_.log_lost += batch_.samples();
    file_ = nullptr;
    // What was written of the record is of no use, and takes room on a disk that may have none.
    if (!files_->Truncate(segment.path, segment.bytes)) ++counts_.log_errors;
    Failed(written.error());
    batch_.Clear();
    return;
  }
  segment.bytes += record.size();
  segment.newest = std::max(segment.newest, batch_newest_);
  batch_.Clear();
  Working();
}

size_t Log::ClosedSegments() const {
  return segments_.size() - (file_ == nullptr ? 0 : 1);
}

bool Log::EndsBefore(UnixMillis time) const {
  return std::any_of(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(ClosedSegments()),
                     [time](const Segment& segment) { return segment.newest < time; });
}

void Log::RemoveBefore(UnixMillis time) {
  const size_t closed = ClosedSegments();
  std::vector<Segment> kept;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (i >= closed || segments_[i].newest >= time) {
      kept.push_back(std::move(segments_[i]));
    } else if (!files_->Remove(segments_[i].path)) {
      ++counts_.log_errors;
    }
  }
  segments_ = std::move(kept);
}

void Log::Close() {
  if (closed_) return;
  closed_ = true;
  CloseSegment();
  lock_ = nullptr;
}

void Log::Fill(StoreStats* stats) const {
  stats->log_state = state_;
  stats->log_segments = segments_.size();
  stats->log_bytes = 0;
  for (const Segment& segment : segments_) stats->log_bytes += segment.bytes;
  stats->log_errors = counts_.log_errors;
  stats->log_lost = counts_.log_lost;
  stats->log_set_aside = counts_.log_set_aside;
  stats->log_torn = counts_.log_torn;
}

}  // namespace sidelight::storage
