// Report: what a command has to say when it is done.
#pragma once

#include <string>

namespace sidelight::cli {

// What is to be printed, and where to; both texts end in a line break or are empty.
struct Report {
  std::string output;  // standard output
  std::string errors;  // standard error
  int exit_code = 0;
};

}  // namespace sidelight::cli
