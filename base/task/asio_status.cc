// SPDX-License-Identifier: Apache-2.0
#include "base/task/asio_status.h"

#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace fairway {

std::string GoErrorString(int error) {
  // glibc's words, begun in lower case, are Go's but for these.
  switch (error) {
    case ETIMEDOUT:
      return "connection timed out";
    case EADDRINUSE:
      return "address already in use";
    default: {
      std::string text = std::strerror(error);
      if (text.size() > 1 && absl::ascii_islower(text[1])) {
        text[0] = absl::ascii_tolower(text[0]);
      }
      return text;
    }
  }
}

absl::Status FromErrno(int error, absl::string_view what) {
  if (error == 0) return absl::OkStatus();
  const std::string message = absl::StrCat(what, ": ", GoErrorString(error));
  switch (error) {
    case ECANCELED:
      return absl::CancelledError(message);
    case ECONNRESET:
    case ECONNABORTED:
      return absl::AbortedError(message);
    case EPIPE:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ENOTCONN:
    case ESHUTDOWN:
      return absl::UnavailableError(message);
    case ETIMEDOUT:
      return absl::DeadlineExceededError(message);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return absl::ResourceExhaustedError(message);
    case EADDRINUSE:
    case EEXIST:
      return absl::AlreadyExistsError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case ENOENT:
      return absl::NotFoundError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status FromAsio(const boost::system::error_code& ec,
                      absl::string_view what) {
  if (!ec) return absl::OkStatus();
  if (ec.category() == boost::system::system_category()) {
    return FromErrno(ec.value(), what);
  }
  const std::string message = absl::StrCat(what, ": ", ec.message());
  if (ec == boost::asio::error::eof) return absl::UnavailableError(message);
  return absl::InternalError(message);
}

}  // namespace fairway
