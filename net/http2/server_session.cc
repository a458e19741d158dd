// SPDX-License-Identifier: Apache-2.0
#include "net/http2/server_session.h"

#include <utility>

#include "absl/cleanup/cleanup.h"

namespace fairway::net::http2 {
namespace {

// Requests over the limit that a connection may make before it is cut off.
constexpr size_t kMaxRefused = 1000;

}  // namespace

ServerSession::ServerSession(Executor executor,
                             std::unique_ptr<ByteStream> stream,
                             SessionOptions options, StreamHandler handler)
    : max_handlers_(options.max_concurrent_streams),
      handler_(std::move(handler)),
      handlers_(executor),
      session_(executor, std::move(stream), Role::kServer, options,
               [this](std::shared_ptr<Stream> request) {
                 Start(std::move(request));
               }) {}

void ServerSession::Start(std::shared_ptr<Stream> stream) {
  if (handlers_.running() >= max_handlers_) {
    stream->Reset(kRefusedStream);
    if (++refused_ > kMaxRefused) session_.Terminate(kEnhanceYourCalm);
    return;
  }
  handlers_.Spawn([this, stream]() -> Task<absl::Status> {
    absl::Cleanup reset = [stream] {
      if (!stream->finished()) stream->Reset(kInternalError);
    };
    absl::Status status = co_await handler_(stream);
    co_return status;
  });
}

Task<absl::Status> ServerSession::Serve() {
  absl::Status ended = co_await session_.Run();
  // How a handler ended is its own affair.
  absl::Status joined = co_await handlers_.Join();
  joined.IgnoreError();
  co_return ended;
}

}  // namespace fairway::net::http2
