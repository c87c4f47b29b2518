// Errors are values: a function that can fail returns Result<T>, which holds either a T or an Error.
//
// An Error is a code, for the caller that must decide, and one sentence, for the person who reads it: it says
// where, what, and where possible what to do. Sentences never contain secrets.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sidelight {

enum class ErrorCode {
  kInvalidArgument,  // what the caller, a file or a peer said makes no sense
  kNotFound,         // the thing named does not exist
  kUnavailable,      // not now: refused, closed, in use
  kTimeout,          // it took longer than allowed
  kLimit,            // a limit of ours was reached
  kInternal,         // the system failed us: a system call, a library
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// `return Fail(ErrorCode::kNotFound, "...")` in any function that returns a Result.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// The sentence of an errno, as in "Address already in use".
std::string ErrnoText(int error_number);

}  // namespace sidelight
