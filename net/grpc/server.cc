// SPDX-License-Identifier: Apache-2.0
#include <glog/logging.h>

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/grpc/grpc.h"
#include "net/grpc/wire.h"
#include "net/http2/server_session.h"

namespace fairway::net::grpc {
namespace {

constexpr char kContentType[] = "application/grpc";
constexpr char kDeadlineExceeded[] = "context deadline exceeded";  // Go's words
constexpr size_t kMaxConnections = 1000;

// "unknown method X for service S", as grpc-go says it.
absl::Status UnknownMethod(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos || slash == 0) {
    return absl::UnimplementedError(
        absl::StrCat("malformed method name: \"", path, "\""));
  }
  return absl::UnimplementedError(
      absl::StrCat("unknown method ", path.substr(slash + 1), " for service ",
                   path.substr(1, slash - 1)));
}

// Answers without a message.
absl::Status SendStatus(http2::Stream& stream, const absl::Status& status) {
  http2::Fields fields = {{":status", "200"}, {"content-type", kContentType}};
  for (http2::Field& field : StatusFields(status)) {
    fields.push_back(std::move(field));
  }
  return stream.SendFields(fields, http2::EndStream::kYes);
}

Task<absl::Status> SendMessage(http2::Stream& stream, std::string message) {
  absl::Status begun =
      stream.SendFields({{":status", "200"}, {"content-type", kContentType}},
                        http2::EndStream::kNo);
  if (!begun.ok()) co_return begun;
  absl::Status written = co_await WriteMessage(stream, message);
  if (!written.ok()) co_return written;
  co_return stream.Finish(StatusFields(absl::OkStatus()));
}

Task<absl::StatusOr<std::string>> RunMethod(
    std::shared_ptr<http2::Stream> stream, const RawMethod& method) {
  absl::StatusOr<std::optional<std::string>> request =
      co_await ReadMessage(*stream, kMaxMessageBytes);
  if (!request.ok()) co_return request.status();
  if (!request->has_value()) {
    co_return absl::InternalError("grpc: request without a message");
  }
  std::string bytes = **std::move(request);
  absl::StatusOr<std::string> response = co_await method(std::move(bytes));
  if (response.ok() && response->size() > kMaxMessageBytes) {
    co_return absl::ResourceExhaustedError(
        absl::StrCat("trying to send message larger than max (",
                     response->size(), " vs. ", kMaxMessageBytes, ")"));
  }
  co_return response;
}

// Reads the request and runs `method` until it ends, its time is over, or the
// caller has gone.
Task<absl::StatusOr<std::string>> RunInTime(
    std::shared_ptr<http2::Stream> stream, const RawMethod& method,
    absl::Duration timeout) {
  absl::StatusOr<std::string> result = absl::CancelledError("context canceled");
  absl::Status ended;
  Executor executor = co_await kThisExecutor;
  TaskGroup group(executor);
  group.SpawnOrCancelAll([&]() -> Task<absl::Status> {
    ended = co_await WithDeadline(timeout, "grpc", [&]() -> Task<absl::Status> {
      result = co_await RunMethod(stream, method);
      co_return result.status();
    });
    co_return absl::CancelledError("the call has ended");
  });
  group.SpawnOrCancelAll([&]() -> Task<absl::Status> {
    absl::Status gone = co_await stream->WaitGone();
    gone.IgnoreError();
    co_return absl::CancelledError("the caller has gone");
  });
  absl::Status joined = co_await group.Join();
  joined.IgnoreError();
  if (absl::IsDeadlineExceeded(ended) &&
      !absl::IsDeadlineExceeded(result.status())) {
    co_return absl::DeadlineExceededError(kDeadlineExceeded);
  }
  co_return result;
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(Executor executor)
      : executor_(executor), connections_(executor) {}

  void AddRawMethod(std::string path, RawMethod method) override {
    methods_[std::move(path)] = std::move(method);
  }

  Task<absl::Status> Serve(std::unique_ptr<Listener> listener) override {
    auto entry = listeners_.insert(listeners_.end(), listener.get());
    absl::Cleanup forget = [this, entry] { listeners_.erase(entry); };
    while (!stopping_) {
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await listener->Accept(executor_);
      if (!socket.ok()) co_return socket.status();
      if (sessions_.size() >= kMaxConnections) {
        LOG(ERROR) << "grpc: too many connections to "
                   << listener->address().ToString();
        continue;  // drops it
      }
      StartConnection(*std::move(socket));
    }
    co_return absl::CancelledError("grpc: server is shutting down");
  }

  Task<absl::Status> Shutdown(absl::Duration grace) override {
    stopping_ = true;
    for (Listener* listener : listeners_) listener->Close();
    for (http2::ServerSession* session : sessions_) session->Drain();
    absl::Status drained = co_await WithDeadline(
        grace, "grpc: drain", [this]() -> Task<absl::Status> {
          absl::Status joined = co_await connections_.Join();
          bool late = co_await IsCancelled();
          if (late) co_return absl::CancelledError("grpc: grace is over");
          co_return joined;
        });
    co_return drained;
  }

 private:
  void StartConnection(std::unique_ptr<Socket> socket) {
    auto session = std::make_shared<http2::ServerSession>(
        executor_, std::move(socket), http2::SessionOptions(),
        [this](std::shared_ptr<http2::Stream> stream) {
          return Answer(std::move(stream));
        });
    auto entry = sessions_.insert(sessions_.end(), session.get());
    connections_.Spawn([this, session, entry]() -> Task<absl::Status> {
      absl::Cleanup forget = [this, entry] { sessions_.erase(entry); };
      absl::Status served = co_await session->Serve();
      VLOG(2) << "grpc: connection ended: " << served;
      co_return absl::OkStatus();
    });
  }

  Task<absl::Status> Answer(std::shared_ptr<http2::Stream> stream) {
    const http2::Fields& fields = stream->fields();
    if (http2::FieldValue(fields, ":method") != "POST") {
      co_return stream->SendFields({{":status", "405"}, {"allow", "POST"}},
                                   http2::EndStream::kYes);
    }
    const absl::string_view type = http2::FieldValue(fields, "content-type");
    if (!absl::StartsWith(type, kContentType)) {
      co_return stream->SendFields({{":status", "415"}},
                                   http2::EndStream::kYes);
    }
    absl::StatusOr<std::string> response = co_await Call(stream);
    if (!response.ok()) co_return SendStatus(*stream, response.status());
    absl::Status sent = co_await SendMessage(*stream, *std::move(response));
    co_return sent;
  }

  Task<absl::StatusOr<std::string>> Call(
      std::shared_ptr<http2::Stream> stream) {
    const http2::Fields& fields = stream->fields();
    const std::string path(http2::FieldValue(fields, ":path"));
    auto found = methods_.find(path);
    if (found == methods_.end()) co_return UnknownMethod(path);
    const absl::string_view encoding =
        http2::FieldValue(fields, "grpc-encoding");
    if (!encoding.empty() && encoding != "identity") {
      co_return absl::UnimplementedError(
          absl::StrCat("grpc: Decompressor is not installed for grpc-encoding "
                       "\"",
                       encoding, "\""));
    }
    absl::Duration timeout = absl::InfiniteDuration();
    const absl::string_view limit = http2::FieldValue(fields, "grpc-timeout");
    if (!limit.empty()) {
      absl::StatusOr<absl::Duration> parsed = ParseTimeout(limit);
      if (!parsed.ok()) {
        co_return absl::InternalError(parsed.status().message());
      }
      timeout = *parsed;
    }
    if (timeout <= absl::ZeroDuration()) {
      co_return absl::DeadlineExceededError(kDeadlineExceeded);
    }
    absl::StatusOr<std::string> response =
        co_await RunInTime(stream, found->second, timeout);
    co_return response;
  }

  const Executor executor_;
  std::map<std::string, RawMethod> methods_;
  std::list<Listener*> listeners_;
  std::list<http2::ServerSession*> sessions_;
  bool stopping_ = false;
  TaskGroup connections_;
};

}  // namespace

std::unique_ptr<Server> NewServer(Executor executor) {
  return std::make_unique<ServerImpl>(executor);
}

}  // namespace fairway::net::grpc
