// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2)
#include "client/tools/portforward/portforward.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "client/tools/portforward/forwarded_connection.h"
#include "net/http/headers.h"

namespace fairway::portforward {
namespace {

using httpstream::Stream;
using net::http::Headers;

constexpr absl::string_view kFile = "portforward.cc";

Headers StreamHeaders(absl::string_view type, uint16_t port, uint64_t id) {
  Headers headers;
  headers.Set(httpstream::kStreamType, type);
  headers.Set(httpstream::kPortHeader, absl::StrCat(port));
  headers.Set(httpstream::kPortForwardRequestIDHeader, absl::StrCat(id));
  return headers;
}

// The two streams of one forwarded connection.
struct StreamPair {
  std::unique_ptr<Stream> error;
  std::unique_ptr<Stream> data;
};

// Makes `stream`, or says what could not be made.
Task<absl::Status> CreateStream(httpstream::Connection& session,
                                absl::string_view type, absl::string_view name,
                                ForwardedPort port, uint64_t id,
                                std::unique_ptr<Stream>* stream) {
  Headers headers = StreamHeaders(type, port.remote, id);
  absl::StatusOr<std::unique_ptr<Stream>> made =
      co_await session.CreateStream(std::move(headers));
  if (!made.ok()) {
    co_return absl::Status(
        made.status().code(),
        absl::StrCat("error creating ", name, " stream for port ", port.local,
                     " -> ", port.remote, ": ", made.status().message()));
  }
  *stream = *std::move(made);
  if (type == httpstream::kStreamTypeError) {
    // We write nothing there. The server may have said what it has to say by
    // now, and have reset it: that is the reader's to find.
    absl::Status closed = co_await (*stream)->CloseWrite();
    closed.IgnoreError();
  }
  co_return absl::OkStatus();
}

// Asks for both at once, the error stream first, as servers expect it that
// pair streams without a request's number.
// Errors: with the words of what could not be made.
Task<absl::StatusOr<StreamPair>> CreateStreams(httpstream::Connection& session,
                                               ForwardedPort port,
                                               uint64_t id) {
  Executor executor = co_await kThisExecutor;
  StreamPair pair;
  TaskGroup tasks(executor);
  tasks.SpawnOrCancelAll([&session, &pair, port, id]() {
    return CreateStream(session, httpstream::kStreamTypeError, "error", port,
                        id, &pair.error);
  });
  tasks.SpawnOrCancelAll([&session, &pair, port, id]() {
    return CreateStream(session, httpstream::kStreamTypeData, "forwarding",
                        port, id, &pair.data);
  });
  absl::Status joined = co_await tasks.Join();
  if (joined.ok()) co_return pair;
  if (pair.error != nullptr) pair.error->Reset();
  if (pair.data != nullptr) pair.data->Reset();
  co_return joined;
}

// Whether the streams that could not be made may be had of another session:
// this one's numbers or its peer's patience ran out, or it is going away. No
// byte was sent yet. Of a full session's successor the numbers may be gone as
// well, by those who were quicker.
bool IsWorthAnother(const absl::Status& status, int attempts) {
  if (absl::IsResourceExhausted(status)) return attempts < 8;
  return (absl::IsAborted(status) || absl::IsUnavailable(status)) &&
         attempts < 2;
}

absl::Status UpgradeError(const absl::Status& error) {
  return absl::Status(error.code(), absl::StrCat("error upgrading connection: ",
                                                 error.message()));
}

// `lease` is what they were made of.
Task<absl::StatusOr<StreamPair>> CreateStreamsInSession(
    SessionProvider& sessions, ForwardedPort port, uint64_t id,
    std::unique_ptr<SessionLease>* lease) {
  for (int attempts = 1;; ++attempts) {
    absl::StatusOr<std::unique_ptr<SessionLease>> acquired =
        co_await sessions.Acquire();
    if (!acquired.ok()) co_return UpgradeError(acquired.status());
    *lease = *std::move(acquired);
    absl::StatusOr<StreamPair> streams =
        co_await CreateStreams((*lease)->session(), port, id);
    if (streams.ok()) co_return streams;
    if (!IsWorthAnother(streams.status(), attempts)) co_return streams;
    (*lease)->End(ConnectionEnd::kNotMade);
  }
}

void Print(std::ostream* out, absl::string_view line) {
  // At once: whoever reads our output waits for it.
  *out << std::string(line) << std::flush;
}

}  // namespace

void HandleError(std::ostream* err_out, absl::string_view file, int line,
                 absl::string_view message) {
  std::string text(absl::StripAsciiWhitespace(message));
  for (char& c : text) {
    if (c == '\n' || c == '\t') {
      c = ' ';
    } else if (absl::ascii_iscntrl(c)) {
      c = '?';
    }
  }
  Print(err_out, absl::StrCat("E",
                              absl::FormatTime("%m%d %H:%M:%E6S", absl::Now(),
                                               absl::LocalTimeZone()),
                              absl::StrFormat(" %7d ", getpid()), file, ":",
                              line, "] ", text, "\n"));
}

absl::StatusOr<std::unique_ptr<PortForwarder>> NewOnAddresses(
    Executor executor, std::unique_ptr<httpstream::Dialer> dialer,
    const std::vector<std::string>& addresses,
    const std::vector<std::string>& ports, std::ostream* out,
    std::ostream* err_out, SessionPerConnection mode) {
  if (addresses.empty()) {
    return absl::InvalidArgumentError("you must specify at least 1 address");
  }
  absl::StatusOr<std::vector<ListenAddress>> parsed_addresses =
      ParseAddresses(addresses);
  if (!parsed_addresses.ok()) return parsed_addresses.status();
  if (ports.empty()) {
    return absl::InvalidArgumentError("you must specify at least 1 port");
  }
  absl::StatusOr<std::vector<ForwardedPort>> parsed_ports = ParsePorts(ports);
  if (!parsed_ports.ok()) return parsed_ports.status();
  return std::make_unique<PortForwarder>(
      executor,
      std::make_unique<SessionProvider>(executor, std::move(dialer), mode),
      *std::move(parsed_addresses), *std::move(parsed_ports), out, err_out);
}

PortForwarder::PortForwarder(Executor executor,
                             std::unique_ptr<SessionProvider> sessions,
                             std::vector<ListenAddress> addresses,
                             std::vector<ForwardedPort> ports,
                             std::ostream* out, std::ostream* err_out)
    : executor_(executor),
      sessions_(std::move(sessions)),
      addresses_(std::move(addresses)),
      ports_(std::move(ports)),
      out_(out),
      err_out_(err_out),
      changed_(executor),
      tasks_(executor) {}

void PortForwarder::Stop() {
  stopped_ = true;
  changed_.NotifyAll();
}

Task<absl::Status> PortForwarder::WaitReady() {
  while (!ready_ && !ended_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

absl::StatusOr<std::vector<ForwardedPort>> PortForwarder::GetPorts() const {
  if (!ready_) return absl::FailedPreconditionError("listeners not ready");
  return ports_;
}

Task<absl::Status> PortForwarder::ForwardPorts() {
  absl::Status result = co_await OpenSessions();
  if (result.ok() && !stopped_) result = co_await Forward();
  absl::Status ended = co_await EndAll();
  ended.IgnoreError();
  ended_ = true;
  changed_.NotifyAll();
  co_return result;
}

// OK also when it was stopped before.
Task<absl::Status> PortForwarder::OpenSessions() {
  absl::optional<absl::Status> opened;
  TaskGroup opening(executor_);
  opening.Spawn([this, &opened]() -> Task<absl::Status> {
    absl::Status status = co_await sessions_->Open();
    opened = status;
    changed_.NotifyAll();
    co_return status;
  });
  absl::Status waited;
  while (waited.ok() && !opened.has_value() && !stopped_) {
    waited = co_await changed_.Wait();
  }
  opening.Cancel();
  absl::Status joined = co_await opening.Join();
  if (stopped_ || joined.ok()) co_return absl::OkStatus();
  co_return UpgradeError(joined);
}

Task<absl::Status> PortForwarder::EndAll() {
  for (auto& listener : listeners_) listener->Close();
  if (stopped_) {
    // Whoever has sent all and said so relies on its arriving.
    absl::Status finished = co_await WithDeadline(
        kFinishTimeout, "connections", [this]() { return WaitFinished(); });
    finished.IgnoreError();
  }
  tasks_.Cancel();
  // What a connection is writing may have to wait for its session's end.
  absl::Status closed = co_await sessions_->Close();
  absl::Status joined = co_await tasks_.Join();
  joined.IgnoreError();
  co_return closed;
}

bool PortForwarder::Finishing() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const OpenConnection* connection) {
                       return connection->first_fin ||
                              connection->local->PeerHasEnded();
                     });
}

Task<absl::Status> PortForwarder::WaitFinished() {
  while (Finishing() && !lost_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> PortForwarder::Forward() {
  bool listen_success = false;
  for (ForwardedPort& port : ports_) {
    absl::Status listening = ListenOnPort(port);
    if (listening.ok()) {
      listen_success = true;
    } else {
      Print(err_out_, absl::StrCat("Unable to listen on port ", port.local,
                                   ": ", listening.message(), "\n"));
    }
  }
  if (!listen_success) {
    co_return absl::AlreadyExistsError(
        absl::StrCat("unable to listen on any of the requested ports: ",
                     PortsString(ports_)));
  }
  ready_ = true;
  changed_.NotifyAll();
  tasks_.Spawn([this]() -> Task<absl::Status> {
    absl::Status lost = co_await sessions_->WaitLost();
    if (!absl::IsCancelled(lost)) {
      lost_ = true;
      changed_.NotifyAll();
    }
    co_return lost;
  });
  // As long as the user likes.
  while (!stopped_ && !lost_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  if (stopped_) co_return absl::OkStatus();
  co_return absl::UnavailableError("lost connection to pod");
}

absl::Status PortForwarder::ListenOnPort(ForwardedPort& port) {
  std::vector<std::string> errors;
  int any_failed = 0;
  int all_failed = 0;
  int all_succeeded = 0;
  for (const ListenAddress& address : addresses_) {
    absl::Status status = ListenOnPortAndAddress(port, address);
    const bool all = address.failure_mode == FailureMode::kAll;
    if (status.ok()) {
      if (all) ++all_succeeded;
      continue;
    }
    errors.emplace_back(status.message());
    ++(all ? all_failed : any_failed);
  }
  if ((all_succeeded == 0 && all_failed > 0) || any_failed > 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("Listeners failed to create with the following errors: [",
                     absl::StrJoin(errors, " "), "]"));
  }
  return absl::OkStatus();
}

absl::Status PortForwarder::ListenOnPortAndAddress(
    ForwardedPort& port, const ListenAddress& address) {
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      GetListener(port, address);
  if (!listener.ok()) return listener.status();
  net::Listener* raw = listener->get();
  listeners_.push_back(*std::move(listener));
  tasks_.Spawn([this, raw, port]() { return WaitForConnection(raw, port); });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<net::Listener>> PortForwarder::GetListener(
    ForwardedPort& port, const ListenAddress& address) {
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      net::ListenTcp(executor_, address.address, port.local);
  if (!listener.ok()) {
    return absl::Status(listener.status().code(),
                        absl::StrCat("unable to create listener: Error ",
                                     listener.status().message()));
  }
  port.local = (*listener)->address().port;
  Print(out_, absl::StrCat(
                  "Forwarding from ",
                  net::JoinHostPort(address.address, absl::StrCat(port.local)),
                  " -> ", port.remote, "\n"));
  return listener;
}

Task<absl::Status> PortForwarder::WaitForConnection(net::Listener* listener,
                                                    ForwardedPort port) {
  while (true) {
    absl::StatusOr<std::unique_ptr<net::Socket>> accepted =
        co_await listener->Accept(executor_);
    if (absl::IsCancelled(accepted.status())) co_return accepted.status();
    if (!accepted.ok()) {
      HandleError(err_out_, kFile, __LINE__,
                  absl::StrCat("error accepting connection on port ",
                               port.local, ": ", accepted.status().message()));
      co_return accepted.status();
    }
    // A std::function is copied, a socket is not: hand it over in a holder.
    auto socket =
        std::make_shared<std::unique_ptr<net::Socket>>(*std::move(accepted));
    tasks_.Spawn([this, socket, port]() {
      return HandleConnection(std::move(*socket), port);
    });
  }
}

Task<absl::Status> PortForwarder::HandleConnection(
    std::unique_ptr<net::Socket> socket, ForwardedPort port) {
  Print(out_, absl::StrCat("Handling connection for ", port.local, "\n"));
  const uint64_t id = next_request_id_++;
  OpenConnection open;
  open.local = socket.get();
  connections_.insert(&open);
  absl::Cleanup ended = [this, &open]() {
    connections_.erase(&open);
    changed_.NotifyAll();
  };
  std::unique_ptr<SessionLease> lease;
  absl::StatusOr<StreamPair> streams =
      co_await CreateStreamsInSession(*sessions_, port, id, &lease);
  if (!streams.ok()) {
    // The application learns that nobody was there.
    socket->Abort();
    if (!absl::IsCancelled(streams.status())) {
      HandleError(err_out_, kFile, __LINE__, streams.status().message());
    }
    co_return absl::OkStatus();
  }
  std::function<void()> on_cut_off = [&lease]() { lease->Abort(); };
  std::function<void()> on_first_fin = [&open]() { open.first_fin = true; };
  ForwardResult result = co_await ForwardConnection(
      *socket, *streams->data, *streams->error, std::move(on_cut_off),
      std::move(on_first_fin));
  lease->End(result.status.ok() ? ConnectionEnd::kInGoodOrder
                                : ConnectionEnd::kAborted);
  if (!result.remote_error.empty()) {
    HandleError(err_out_, kFile, __LINE__,
                absl::StrCat("an error occurred forwarding ", port.local,
                             " -> ", port.remote, ": ", result.remote_error));
  } else if (!result.status.ok() && !absl::IsCancelled(result.status)) {
    HandleError(err_out_, kFile, __LINE__,
                absl::StrCat("error copying between local connection and "
                             "remote stream: ",
                             result.status.message()));
  }
  // What became of one connection is nothing to the others.
  co_return absl::OkStatus();
}

}  // namespace fairway::portforward
