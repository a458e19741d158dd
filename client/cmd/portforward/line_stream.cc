// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/line_stream.h"

#include <cstddef>

namespace fairway::cmd {

LineBuffer::int_type LineBuffer::overflow(int_type c) {
  if (c != traits_type::eof()) text_.push_back(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

std::streamsize LineBuffer::xsputn(const char* bytes, std::streamsize count) {
  text_.append(bytes, static_cast<size_t>(count));
  return count;
}

int LineBuffer::sync() {
  size_t begin = 0;
  while (true) {
    const size_t end = text_.find('\n', begin);
    if (end == std::string::npos) break;
    sink_(text_.substr(begin, end - begin));
    begin = end + 1;
  }
  text_.erase(0, begin);
  return 0;
}

}  // namespace fairway::cmd
