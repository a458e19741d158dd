// SPDX-License-Identifier: Apache-2.0
#ifndef NET_IO_PREFIXED_STREAM_H_
#define NET_IO_PREFIXED_STREAM_H_

#include <memory>
#include <string>

#include "net/io/byte_stream.h"

namespace fairway::net {

// `stream`, whose reader gets `prefix` first: the bytes that a protocol's
// parser had read beyond its own end. `stream` itself if `prefix` is empty.
std::unique_ptr<ByteStream> WithPrefix(std::string prefix,
                                       std::unique_ptr<ByteStream> stream);

}  // namespace fairway::net

#endif  // NET_IO_PREFIXED_STREAM_H_
