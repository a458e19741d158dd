// SPDX-License-Identifier: Apache-2.0
// Memory that many connections have held and that nobody needs any more.
#ifndef BASE_PROCESS_MEMORY_IN_USE_H_
#define BASE_PROCESS_MEMORY_IN_USE_H_

namespace fairway {

// One of the things of which a process has few or many, and which hold most of
// its memory: a forwarded connection. Once three quarters of many have gone,
// what is free is given back to the system: malloc by itself gives back only
// what lies behind the last that is in use. The last hundred are not many.
//
// Threads: any.
class MemoryInUse {
 public:
  MemoryInUse();
  ~MemoryInUse();
  MemoryInUse(const MemoryInUse&) = delete;
  MemoryInUse& operator=(const MemoryInUse&) = delete;
};

}  // namespace fairway

#endif  // BASE_PROCESS_MEMORY_IN_USE_H_
