// SPDX-License-Identifier: Apache-2.0
#include "base/process/capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"

namespace fairway {
namespace {

namespace asio = boost::asio;

constexpr size_t kReadBytes = 16 * 1024;
constexpr absl::Duration kStopGrace = absl::Seconds(1);

// The reading end of the program's stdout, and what came.
struct Output {
  Output(Executor executor, int fd, size_t max_bytes)
      : pipe(executor, fd), max_bytes(max_bytes) {}

  bool too_long() const { return bytes.size() > max_bytes; }

  // What has been written by now.
  void Drain() {
    std::array<char, kReadBytes> buffer;
    while (!too_long()) {
      const ssize_t n =
          read(pipe.native_handle(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      bytes.append(buffer.data(), n);
    }
  }

  asio::posix::basic_stream_descriptor<Executor> pipe;
  const size_t max_bytes;
  std::string bytes;
};

// `output` and `program` outlive the Task.
Task<absl::Status> Gather(Output& output, Subprocess& program) {
  std::array<char, kReadBytes> buffer;
  while (!output.too_long()) {
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("read: cancelled");
    auto [ec, n] =
        co_await output.pipe.async_read_some(asio::buffer(buffer), kAwait);
    // The end of the program tells whether all is well.
    if (ec) co_return absl::OkStatus();
    output.bytes.append(buffer.data(), n);
  }
  program.SignalGroup(SIGKILL);
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Captured>> Run(const SubprocessOptions& options, int fd,
                                   size_t max_bytes,
                                   std::unique_ptr<Subprocess> program) {
  Executor executor = co_await kThisExecutor;
  Output output(executor, fd, max_bytes);
  output.pipe.non_blocking(true);
  TaskGroup reader(executor);
  reader.Spawn([&output, &program]() -> Task<absl::Status> {
    absl::Status gathered = co_await Gather(output, *program);
    co_return gathered;
  });
  absl::StatusOr<ExitState> ended = co_await program->Wait();
  if (!ended.ok()) {
    // It may have to give a terminal its echo back.
    absl::StatusOr<ExitState> stopped = co_await program->Stop(kStopGrace);
    stopped.status().IgnoreError();
  }
  reader.Cancel();
  absl::Status joined = co_await reader.Join();
  joined.IgnoreError();  // Cancelled, where somebody still holds the pipe.
  if (!ended.ok()) co_return ended.status();
  output.Drain();
  if (output.too_long()) {
    co_return absl::ResourceExhaustedError(
        absl::StrCat(options.path, ": wrote more than ", max_bytes, " bytes"));
  }
  co_return Captured{*ended, std::move(output.bytes)};
}

}  // namespace

Task<absl::StatusOr<Captured>> RunAndCapture(SubprocessOptions options,
                                             size_t max_bytes,
                                             absl::Duration timeout) {
  Executor executor = co_await kThisExecutor;
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) co_return FromErrno(errno, "pipe");
  options.stdout_fd = fds[1];
  absl::StatusOr<std::unique_ptr<Subprocess>> started =
      Subprocess::Start(executor, options);
  close(fds[1]);
  if (!started.ok()) {
    close(fds[0]);
    co_return started.status();
  }
  std::unique_ptr<Subprocess> program = *std::move(started);
  absl::StatusOr<Captured> captured = co_await WithDeadline<Captured>(
      timeout, options.path,
      [&options, &fds, max_bytes,
       &program]() -> Task<absl::StatusOr<Captured>> {
        absl::StatusOr<Captured> ran =
            co_await Run(options, fds[0], max_bytes, std::move(program));
        co_return ran;
      });
  co_return captured;
}

}  // namespace fairway
