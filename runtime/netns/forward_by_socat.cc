// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_streaming_others.go (v1.20.2)
#include <fcntl.h>
#include <glog/logging.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/process/subprocess.h"
#include "base/task/asio_status.h"
#include "base/task/task_group.h"
#include "net/relay/relay.h"
#include "net/socket/socket.h"
#include "runtime/netns/counters.h"
#include "runtime/netns/port_forward.h"

namespace fairway::runtime::netns {
namespace {

// How long socat waits for one direction when the other has ended; what ends
// the connection earlier is up to its peers. (More seconds overflow socat's
// milliseconds.)
constexpr char kLingerSeconds[] = "1000000";
// The room for stderr; socat's words about one connection are a line or two.
constexpr off_t kStderrBytes = 4096;

struct Command {
  std::string path;
  std::vector<std::string> argv;
};

absl::StatusOr<Command> MakeCommand(pid_t pid, uint16_t port) {
  absl::StatusOr<std::string> socat = LookPath("socat");
  if (!socat.ok()) {
    return absl::NotFoundError("unable to do port forwarding: socat not found");
  }
  const std::vector<std::string> dial = {
      *socat,         "-d",           "-t",
      kLingerSeconds, "-,shut-close", absl::StrCat("TCP4:localhost:", port)};
  if (pid == kOwnNamespace) return Command{*socat, dial};
  absl::StatusOr<std::string> nsenter = LookPath("nsenter");
  if (!nsenter.ok()) {
    return absl::NotFoundError(
        "unable to do port forwarding: nsenter not found");
  }
  Command command{*nsenter, {*nsenter, "-t", absl::StrCat(pid), "-n"}};
  command.argv.insert(command.argv.end(), dial.begin(), dial.end());
  return command;
}

// A file in memory that cannot grow: a child's stderr, bounded, with nobody
// needed to read while it runs.
class StderrFile {
 public:
  StderrFile() : fd_(memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    if (fd_ < 0) return;
    if (ftruncate(fd_, kStderrBytes) != 0 ||
        fcntl(fd_, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
      close(std::exchange(fd_, -1));
    }
  }
  ~StderrFile() {
    if (fd_ >= 0) close(fd_);
  }
  StderrFile(const StderrFile&) = delete;
  StderrFile& operator=(const StderrFile&) = delete;

  int fd() const { return fd_; }

  std::string Text() const {
    std::string text(kStderrBytes, '\0');
    const ssize_t n = pread(fd_, text.data(), text.size(), 0);
    text.resize(n < 0 ? 0 : n);
    // The rest of the room is zeroes.
    text.resize(std::min(text.size(), text.find('\0')));
    return text;
  }

 private:
  int fd_;
};

// One of the child's ends and, as a stream, ours.
struct ChildPipe {
  std::unique_ptr<net::Socket> ours;
  int theirs = -1;
};

absl::StatusOr<ChildPipe> MakeChildPipe(Executor executor) {
  std::array<int, 2> fds{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return FromErrno(errno, "socketpair");
  }
  absl::StatusOr<std::unique_ptr<net::Socket>> ours =
      net::AdoptSocket(executor, fds[0]);
  if (!ours.ok()) {
    close(fds[1]);
    return ours.status();
  }
  return ChildPipe{*std::move(ours), fds[1]};
}

// What the words on stderr mean. socat names a line's level and the call that
// failed, and reads and writes only what it has connected.
bool SaysItFailed(absl::string_view text) {
  return absl::StrContains(text, " E ") || absl::StartsWith(text, "nsenter: ");
}
// socat goes on after a reset by the pod as if it were a FIN, but warns.
bool SaysReset(absl::string_view text) {
  return absl::StrContains(text, " W read(");
}
bool SaysItWasConnected(absl::string_view text) {
  return SaysReset(text) || absl::StrContains(text, " E read(") ||
         absl::StrContains(text, " E write(");
}

// `text` without its warnings: what socat says by itself.
std::string ErrorsOnly(absl::string_view text) {
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (!absl::StrContains(line, " W ")) lines.push_back(line);
  }
  return absl::StrJoin(lines, "\n");
}

// The user's stream as the copy of the pod's bytes sees it: an end of output
// that comes of a failure is kept back, since it is not the pod's FIN.
class OutputStream : public net::ByteStream {
 public:
  OutputStream(net::ByteStream& stream, const StderrFile& errors)
      : stream_(stream), errors_(errors) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return stream_.Read(buf);
  }
  Task<absl::Status> WaitReadable() override { return stream_.WaitReadable(); }
  Task<absl::Status> WaitBroken() override { return stream_.WaitBroken(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return stream_.Write(pieces);
  }
  Task<absl::Status> CloseWrite() override {
    const std::string text = errors_.Text();
    if (SaysReset(text)) co_return absl::AbortedError("reset by the pod");
    if (SaysItFailed(text)) co_return absl::OkStatus();
    absl::Status closed = co_await stream_.CloseWrite();
    co_return closed;
  }
  Task<absl::Status> Close() override { return stream_.Close(); }
  void Abort() override { stream_.Abort(); }

 private:
  net::ByteStream& stream_;
  const StderrFile& errors_;
};

// One running command and what it is connected with.
class SocatConnection {
 public:
  SocatConnection(Executor executor, net::ByteStream& stream)
      : stream_(stream),
        output_(stream, errors_),
        down_(executor),
        up_(executor) {}

  // Errors: of the system, before the command runs.
  absl::Status Start(Executor executor, const Command& command);
  // Relays until the command has ended.
  Task<absl::Status> Run();

 private:
  Task<absl::Status> CopyDown();
  Task<absl::Status> CopyUp();
  absl::Status Result(const ExitState& ended) const;

  net::ByteStream& stream_;
  StderrFile errors_;
  OutputStream output_;
  std::unique_ptr<net::Socket> stdin_;
  std::unique_ptr<net::Socket> stdout_;
  std::unique_ptr<Subprocess> child_;
  TaskGroup down_;
  TaskGroup up_;
  uint64_t bytes_down_ = 0;
  absl::Status lost_;  // not OK once one side broke
};

absl::Status SocatConnection::Start(Executor executor, const Command& command) {
  if (errors_.fd() < 0) return FromErrno(errno, "memfd_create");
  absl::StatusOr<ChildPipe> in = MakeChildPipe(executor);
  if (!in.ok()) return in.status();
  absl::StatusOr<ChildPipe> out = MakeChildPipe(executor);
  if (!out.ok()) {
    close(in->theirs);
    return out.status();
  }
  absl::StatusOr<std::unique_ptr<Subprocess>> child =
      Subprocess::Start(executor, {.path = command.path,
                                   .argv = command.argv,
                                   .stdin_fd = in->theirs,
                                   .stdout_fd = out->theirs,
                                   .stderr_fd = errors_.fd()});
  close(in->theirs);
  close(out->theirs);
  if (!child.ok()) return child.status();
  stdin_ = std::move(in->ours);
  stdout_ = std::move(out->ours);
  child_ = *std::move(child);
  return absl::OkStatus();
}

Task<absl::Status> SocatConnection::CopyDown() {
  absl::Status copied =
      co_await net::CopyUntilFin(*stdout_, output_, &bytes_down_);
  if (!copied.ok()) {
    lost_ = copied;
    child_->SignalGroup(SIGKILL);
  }
  co_return copied;
}

Task<absl::Status> SocatConnection::CopyUp() {
  absl::Status copied = co_await net::CopyUntilFin(stream_, *stdin_);
  // A command that has ended reads no more; that is for Result() to judge.
  if (!copied.ok() && child_->exit_state() == nullptr) {
    if (!absl::IsUnavailable(copied)) lost_ = copied;
    child_->SignalGroup(SIGKILL);
  }
  co_return copied;
}

Task<absl::Status> SocatConnection::Run() {
  down_.Spawn([this]() -> Task<absl::Status> { return CopyDown(); });
  up_.Spawn([this]() -> Task<absl::Status> { return CopyUp(); });
  absl::StatusOr<ExitState> ended = co_await child_->Wait();
  const bool cancelled = !ended.ok();
  if (cancelled) {
    child_->SignalGroup(SIGKILL);
    down_.Cancel();
    absl::StatusOr<ExitState> killed = co_await child_->WaitThoughCancelled();
    ended = killed;
  }
  // What the pod said before it went is still on its way to the user.
  co_await down_.Join();
  up_.Cancel();
  co_await up_.Join();
  if (cancelled) co_return absl::CancelledError("port forward: cancelled");
  if (!ended.ok()) co_return ended.status();
  co_return Result(*ended);
}

absl::Status SocatConnection::Result(const ExitState& ended) const {
  if (!lost_.ok()) return absl::AbortedError(lost_.message());
  if (ended.exit_code == 0) return absl::OkStatus();
  const std::string text = errors_.Text();
  const std::string message =
      absl::StrCat(ended.ToString(), ": ", ErrorsOnly(text));
  if (bytes_down_ > 0 || SaysItWasConnected(text) || !SaysItFailed(text)) {
    return absl::AbortedError(message);
  }
  return absl::UnavailableError(message);
}

}  // namespace

Task<absl::Status> ForwardBySocat(pid_t pid, uint16_t port,
                                  net::ByteStream& stream) {
  Executor executor = co_await kThisExecutor;
  const Labels labels = {{"dial", "socat"}};
  DialsTotal().Increment(labels);
  absl::StatusOr<Command> command = MakeCommand(pid, port);
  if (!command.ok()) {
    DialFailuresTotal().Increment(labels);
    co_return command.status();
  }
  VLOG(4) << "executing port forwarding command: "
          << absl::StrJoin(command->argv, " ");
  SocatConnection connection(executor, stream);
  absl::Status result = connection.Start(executor, *command);
  if (result.ok()) {
    absl::Status run = co_await connection.Run();
    result = run;
  }
  if (!result.ok() && !absl::IsAborted(result) && !absl::IsCancelled(result)) {
    DialFailuresTotal().Increment(labels);
  }
  co_return result;
}

}  // namespace fairway::runtime::netns
