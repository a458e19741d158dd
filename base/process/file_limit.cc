// SPDX-License-Identifier: Apache-2.0
#include "base/process/file_limit.h"

#include <optional>

namespace fairway {
namespace {

std::optional<rlimit>& LimitBefore() {
  static std::optional<rlimit> limit;
  return limit;
}

}  // namespace

void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur == limit.rlim_max) return;
  const rlimit before = limit;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) LimitBefore() = before;
}

rlimit FileLimitOfChildren() {
  if (LimitBefore().has_value()) return *LimitBefore();
  rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

}  // namespace fairway
