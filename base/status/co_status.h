// SPDX-License-Identifier: Apache-2.0
// Early return of a Status, in functions and in coroutines. A macro that
// expands to `return` is ill-formed in a coroutine, hence two.
#ifndef BASE_STATUS_CO_STATUS_H_
#define BASE_STATUS_CO_STATUS_H_

#include "absl/status/status.h"

#define FAIRWAY_RETURN_IF_ERROR(expr)                       \
  do {                                                      \
    if (absl::Status fairway_s = (expr); !fairway_s.ok()) { \
      return fairway_s;                                     \
    }                                                       \
  } while (false)

// `expr` must not contain co_await: GCC 12 wants that as a statement of its
// own.
#define FAIRWAY_CO_RETURN_IF_ERROR(expr)                    \
  do {                                                      \
    if (absl::Status fairway_s = (expr); !fairway_s.ok()) { \
      co_return fairway_s;                                  \
    }                                                       \
  } while (false)

#endif  // BASE_STATUS_CO_STATUS_H_
