// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/httpstream/spdy/connection.go (v0.20.2)
// SPDY/3.1 sessions over any ByteStream.
//
// Toward a peer that answers SETTINGS with SETTINGS both ends keep windows, so
// that a stream that nobody reads stops only itself. Go's spdystream keeps
// none: toward it nothing is held back, and a stream that nobody reads here
// stops the session's reading once its buffer is full.
// Differs: a PING is no activity, so it does not put off the idle timeout.
#ifndef HTTPSTREAM_SPDY_SESSION_H_
#define HTTPSTREAM_SPDY_SESSION_H_

#include <memory>

#include "base/task/task.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream::spdy {

// The client's end of `transport`, from whose peer the whole 101 was read. Its
// streams have odd numbers; a stream that the server makes is refused.
std::unique_ptr<Connection> NewClientConnection(
    Executor executor, std::unique_ptr<net::ByteStream> transport,
    SessionOptions options);

// The server's end. Sends nothing before the client's first frame.
// `new_stream_handler` is called on `executor` until the Connection dies; what
// it returns decides the reply.
std::unique_ptr<Connection> NewServerConnection(
    Executor executor, std::unique_ptr<net::ByteStream> transport,
    SessionOptions options, NewStreamHandler new_stream_handler);

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_SESSION_H_
