// SPDX-License-Identifier: Apache-2.0
#include <glog/logging.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/grpc/grpc.h"
#include "net/grpc/wire.h"
#include "net/http2/session.h"
#include "net/socket/socket.h"

namespace fairway::net::grpc {
namespace {

constexpr char kUserAgent[] = "grpc-fairway/1.0";

http2::Fields RequestFields(absl::string_view path, absl::Duration timeout) {
  http2::Fields fields = {{":method", "POST"},
                          {":scheme", "http"},
                          {":path", std::string(path)},
                          {":authority", "localhost"},
                          {"content-type", "application/grpc"},
                          {"user-agent", kUserAgent},
                          {"te", "trailers"}};
  std::string limit = FormatTimeout(timeout);
  if (!limit.empty()) fields.emplace_back("grpc-timeout", std::move(limit));
  return fields;
}

// What a stream that broke off means to the caller.
absl::Status BrokenCall(const http2::Stream& stream,
                        const absl::Status& status) {
  if (stream.reset_code() == http2::kNoError) return status;
  return absl::Status(CodeFromReset(stream.reset_code()), status.message());
}

// The outcome of an exchange whose response head has come.
Task<absl::StatusOr<std::string>> ReadResponse(http2::Stream& stream) {
  const absl::string_view http_status =
      http2::FieldValue(stream.fields(), ":status");
  absl::Status status;
  const bool status_first = FindStatus(stream.fields(), status);
  if (http_status != "200" && !status_first) {
    co_return absl::Status(
        CodeFromHttpStatus(http_status),
        absl::StrCat("unexpected HTTP status code received from server: ",
                     http_status));
  }
  absl::StatusOr<std::optional<std::string>> message =
      co_await ReadMessage(stream, kMaxMessageBytes);
  if (!status_first && !FindStatus(stream.trailers(), status)) {
    if (!message.ok()) co_return BrokenCall(stream, message.status());
    co_return absl::InternalError(
        "server closed the stream without sending trailers");
  }
  if (!status.ok()) co_return status;
  if (!message.ok()) co_return message.status();
  if (!message->has_value()) {
    co_return absl::InternalError("grpc: response without a message");
  }
  co_return **std::move(message);
}

class UnixChannel final : public Channel {
 public:
  UnixChannel(Executor executor, std::string path)
      : executor_(executor),
        path_(std::move(path)),
        connected_(executor),
        connections_(executor) {}

  Task<absl::StatusOr<std::string>> CallRaw(std::string path,
                                            std::string request,
                                            absl::Duration timeout) override {
    if (request.size() > kMaxMessageBytes) {
      co_return absl::ResourceExhaustedError(
          absl::StrCat("trying to send message larger than max (",
                       request.size(), " vs. ", kMaxMessageBytes, ")"));
    }
    absl::StatusOr<std::string> result = absl::CancelledError("not run");
    absl::Status timed =
        co_await WithDeadline(timeout, "grpc", [&]() -> Task<absl::Status> {
          result = co_await TryTwice(path, request, timeout);
          co_return result.status();
        });
    if (absl::IsDeadlineExceeded(timed) && absl::IsCancelled(result.status())) {
      co_return absl::DeadlineExceededError("context deadline exceeded");
    }
    co_return result;
  }

 private:
  // A request that the server says it has not begun is made once more.
  Task<absl::StatusOr<std::string>> TryTwice(const std::string& path,
                                             const std::string& request,
                                             absl::Duration timeout) {
    bool refused = false;
    absl::StatusOr<std::string> result =
        co_await Try(path, request, timeout, refused);
    if (!refused) co_return result;
    result = co_await Try(path, request, timeout, refused);
    co_return result;
  }

  Task<absl::StatusOr<std::string>> Try(const std::string& path,
                                        const std::string& request,
                                        absl::Duration timeout, bool& refused) {
    absl::StatusOr<std::shared_ptr<http2::Session>> session =
        co_await Connected();
    if (!session.ok()) co_return session.status();
    absl::StatusOr<std::shared_ptr<http2::Stream>> opened =
        (*session)->Open(RequestFields(path, timeout), http2::EndStream::kNo);
    if (!opened.ok()) co_return opened.status();
    std::shared_ptr<http2::Stream> stream = *opened;
    absl::Cleanup reset = [stream] { stream->Reset(http2::kCancel); };
    absl::Status sent = co_await WriteMessage(*stream, request);
    // A server may answer before it has read everything.
    if (sent.ok()) sent = stream->Finish();
    absl::Status answered = co_await stream->WaitFields();
    if (!answered.ok()) {
      refused = stream->reset_code() == http2::kRefusedStream;
      co_return BrokenCall(*stream, answered);
    }
    absl::StatusOr<std::string> response = co_await ReadResponse(*stream);
    co_return response;
  }

  // The connection; it is made if there is none that takes requests. One dials
  // while the others wait.
  Task<absl::StatusOr<std::shared_ptr<http2::Session>>> Connected() {
    while (true) {
      if (session_ != nullptr && session_->accepts_requests()) {
        co_return session_;
      }
      if (!connecting_) break;
      absl::Status waited = co_await connected_.Wait();
      if (!waited.ok()) co_return waited;
    }
    connecting_ = true;
    absl::Cleanup done = [this] {
      connecting_ = false;
      connected_.NotifyAll();
    };
    absl::StatusOr<std::unique_ptr<Socket>> socket = co_await DialUnix(path_);
    if (absl::IsCancelled(socket.status())) co_return socket.status();
    if (!socket.ok()) {
      co_return absl::UnavailableError(absl::StrCat(
          "connection error: desc = \"transport: Error while dialing ",
          socket.status().message(), "\""));
    }
    session_ = std::make_shared<http2::Session>(executor_, *std::move(socket),
                                                http2::Role::kClient,
                                                http2::SessionOptions());
    connections_.Spawn([session = session_]() -> Task<absl::Status> {
      absl::Status ended = co_await session->Run();
      VLOG(2) << "grpc: connection ended: " << ended;
      co_return absl::OkStatus();
    });
    co_return session_;
  }

  const Executor executor_;
  const std::string path_;
  std::shared_ptr<http2::Session> session_;
  bool connecting_ = false;
  Condition connected_;
  TaskGroup connections_;
};

}  // namespace

std::unique_ptr<Channel> NewUnixChannel(Executor executor,
                                        std::string endpoint) {
  absl::string_view path = endpoint;
  absl::ConsumePrefix(&path, "unix://");
  return std::make_unique<UnixChannel>(executor, std::string(path));
}

}  // namespace fairway::net::grpc
