#include "collector/protocols/http1/cache_result.h"

namespace sidelight::http1 {
namespace {

constexpr int kNotModified = 304;
constexpr std::string_view kForward = "FWD=";

struct Word {
  std::string_view text;
  CacheResult result;
};

// What caches write into X-Cache and its like, without Squid's and Akamai's "TCP_". Other words (BYPASS,
// DYNAMIC, PASS, ERROR, names of hosts) tell nothing.
constexpr Word kWords[] = {
    {"HIT", CacheResult::kHit},
    {"MISS", CacheResult::kMiss},
    // The origin was not asked, or did not answer, or is being asked behind the client's back.
    {"STALE", CacheResult::kHit},
    {"UPDATING", CacheResult::kHit},
    {"MEM_HIT", CacheResult::kHit},
    {"IMS_HIT", CacheResult::kHit},
    {"INM_HIT", CacheResult::kHit},
    {"NEGATIVE_HIT", CacheResult::kHit},
    {"OFFLINE_HIT", CacheResult::kHit},
    {"STALE_HIT", CacheResult::kHit},
    {"REMOTE_HIT", CacheResult::kHit},
    {"REFRESH_FAIL", CacheResult::kHit},
    {"REFRESH_FAIL_OLD", CacheResult::kHit},
    {"REFRESH_FAIL_HIT", CacheResult::kHit},
    // The origin was asked, if only whether what is held is still good.
    {"EXPIRED", CacheResult::kMiss},
    {"REVALIDATED", CacheResult::kMiss},
    {"REFRESHHIT", CacheResult::kMiss},
    {"REFRESH_HIT", CacheResult::kMiss},
    {"REFRESH_MISS", CacheResult::kMiss},
    {"REFRESH_UNMODIFIED", CacheResult::kMiss},
    {"REFRESH_MODIFIED", CacheResult::kMiss},
    {"CLIENT_REFRESH", CacheResult::kMiss},
    {"CLIENT_REFRESH_MISS", CacheResult::kMiss},
    {"SWAPFAIL_MISS", CacheResult::kMiss},
    {"EXPIRED_MISS", CacheResult::kMiss},
};

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsWordChar(char c) {
  return IsDigit(c) || (Upper(c) >= 'A' && Upper(c) <= 'Z') || c == '_';
}

CacheResult ResultOf(std::string_view word) {
  constexpr std::string_view kTcp = "TCP_";
  if (word.starts_with(kTcp)) word.remove_prefix(kTcp.size());
  for (const Word& known : kWords) {
    if (word == known.text) return known.result;
  }
  return CacheResult::kNotTold;
}

}  // namespace

void CacheResultReader::BeginValue(CacheHeader header) {
  header_ = header;
  quoted_ = escaped_ = named_ = too_long_ = positive_ = false;
  size_ = 0;
  member_ = value_ = CacheResult::kNotTold;
}

void CacheResultReader::Append(std::string_view piece) {
  switch (header_) {
    case CacheHeader::kCacheStatus:
      for (const char c : piece) AppendStatus(c);
      break;
    case CacheHeader::kCfCacheStatus:
    case CacheHeader::kXCache:
      for (const char c : piece) AppendWord(c);
      break;
    case CacheHeader::kAge:
      for (const char c : piece) AppendAge(c);
      break;
  }
}

void CacheResultReader::EndValue() {
  if (header_ == CacheHeader::kCacheStatus) {
    EndParameter();
    EndMember();
    // A string that does not end: RFC 8941 section 4.2 has the whole field ignored.
    if (quoted_) value_ = CacheResult::kNotTold;
  } else if (header_ == CacheHeader::kAge) {
    // A cache that writes the age of what it has just fetched writes 0.
    if (size_ > 0 && !too_long_) value_ = positive_ ? CacheResult::kHit : CacheResult::kMiss;
  } else {
    EndWord();
    EndMember();
  }
  if (value_ == CacheResult::kNotTold) return;
  if (told_ != CacheResult::kNotTold && header_ < told_by_) return;
  told_ = value_;
  told_by_ = header_;
}

CacheResult CacheResultReader::ResultWith(int status) const {
  // An origin's own 304 has no age, so there was a cache that knew the client's copy to be good.
  if (told_ == CacheResult::kMiss && told_by_ == CacheHeader::kAge && status == kNotModified) {
    return CacheResult::kHit;
  }
  return told_;
}

// A list whose members are `name *( ";" *SP parameter )` (RFC 8941 section 3.1). Of the parameters only `hit`
// and `fwd` matter; names, and strings with whatever is in them, are passed over.
void CacheResultReader::AppendStatus(char c) {
  if (quoted_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      quoted_ = false;
    }
    return;
  }
  switch (c) {
    case '"':
      quoted_ = true;
      break;
    case ',':
      EndParameter();
      EndMember();
      break;
    case ';':
      EndParameter();
      named_ = true;
      break;
    case ' ':
    case '\t':
      break;
    default:
      if (named_) Collect(c);
  }
}

void CacheResultReader::AppendWord(char c) {
  if (IsWordChar(c)) {
    if (!named_) Collect(c);
    return;
  }
  EndWord();
  if (c == ',') EndMember();
}

// The first of several counts (RFC 9111 section 5.1).
void CacheResultReader::AppendAge(char c) {
  if (c == ',') {
    named_ = true;
  } else if (!named_ && c != ' ' && c != '\t') {
    if (!IsDigit(c)) too_long_ = true;
    if (c != '0') positive_ = true;
    size_ = 1;
  }
}

void CacheResultReader::Collect(char c) {
  if (size_ == word_.size()) {
    too_long_ = true;
  } else {
    word_[size_++] = Upper(c);
  }
}

void CacheResultReader::EndParameter() {
  if (named_ && size_ > 0) {
    const std::string_view parameter = word();
    if (!too_long_ && (parameter == "HIT" || parameter == "HIT=?1")) {
      member_ = CacheResult::kHit;
    } else if (parameter.starts_with(kForward)) {
      const std::string_view why = parameter.substr(kForward.size());
      // The cache was not to look, so it tells nothing.
      const bool unasked = !too_long_ && (why == "BYPASS" || why == "METHOD");
      member_ = unasked ? CacheResult::kNotTold : CacheResult::kMiss;
    }
  }
  size_ = 0;
  too_long_ = false;
}

void CacheResultReader::EndWord() {
  if (size_ == 0) return;
  if (!too_long_) {
    // What follows "from" is the name of a host.
    named_ = word() == "FROM";
    if (!named_) {
      member_ = ResultOf(word());
      named_ = member_ != CacheResult::kNotTold;
    }
  }
  size_ = 0;
  too_long_ = false;
}

// The last cache is the nearest. What it held, it may have fetched through others, whose words it keeps.
void CacheResultReader::EndMember() {
  if (member_ != CacheResult::kNotTold) value_ = member_;
  member_ = CacheResult::kNotTold;
  named_ = false;
}

}  // namespace sidelight::http1
