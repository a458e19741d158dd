// SPDX-License-Identifier: Apache-2.0
#include "base/process/capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/task/asio_status.h"
#include "base/task/task_group.h"

namespace fairway {

namespace asio = boost::asio;

namespace {

constexpr size_t kReadBytes = 16 * 1024;
constexpr absl::Duration kStopGrace = absl::Seconds(1);

}  // namespace

// The reading end of the program's stdout, and what came.
struct CapturedProgram::Output {
  Output(Executor executor, int fd, size_t max_bytes)
      : pipe(executor, fd), max_bytes(max_bytes) {
    pipe.non_blocking(true);
  }

  bool too_long() const { return bytes.size() > max_bytes; }

  // Takes what has been written by now.
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

absl::StatusOr<std::unique_ptr<CapturedProgram>> CapturedProgram::Start(
    Executor executor, SubprocessOptions options, size_t max_bytes) {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return FromErrno(errno, "pipe");
  auto output = std::make_unique<Output>(executor, fds[0], max_bytes);
  options.stdout_fd = fds[1];
  absl::StatusOr<std::unique_ptr<Subprocess>> program =
      Subprocess::Start(executor, options);
  close(fds[1]);
  if (!program.ok()) return program.status();
  return std::unique_ptr<CapturedProgram>(new CapturedProgram(
      std::move(options.path), *std::move(program), std::move(output)));
}

CapturedProgram::CapturedProgram(std::string path,
                                 std::unique_ptr<Subprocess> program,
                                 std::unique_ptr<Output> output)
    : path_(std::move(path)),
      program_(std::move(program)),
      output_(std::move(output)) {}

CapturedProgram::~CapturedProgram() = default;

Task<absl::Status> CapturedProgram::Gather() {
  std::array<char, kReadBytes> buffer;
  while (!output_->too_long()) {
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("read: cancelled");
    auto [ec, n] =
        co_await output_->pipe.async_read_some(asio::buffer(buffer), kAwait);
    // The end of the program tells whether all is well.
    if (ec) co_return absl::OkStatus();
    output_->bytes.append(buffer.data(), n);
  }
  program_->SignalGroup(SIGKILL);
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Captured>> CapturedProgram::Wait() {
  Executor executor = co_await kThisExecutor;
  TaskGroup reader(executor);
  reader.Spawn([this]() -> Task<absl::Status> {
    absl::Status gathered = co_await Gather();
    co_return gathered;
  });
  absl::StatusOr<ExitState> ended = co_await program_->Wait();
  reader.Cancel();
  absl::Status joined = co_await reader.Join();
  joined.IgnoreError();  // Cancelled, where somebody still holds the pipe.
  if (!ended.ok()) co_return ended.status();
  output_->Drain();
  if (output_->too_long()) {
    co_return absl::ResourceExhaustedError(absl::StrCat(
        path_, ": wrote more than ", output_->max_bytes, " bytes"));
  }
  co_return Captured{*ended, std::move(output_->bytes)};
}

Task<absl::Status> CapturedProgram::Stop() {
  absl::StatusOr<ExitState> stopped = co_await program_->Stop(kStopGrace);
  co_return stopped.status();
}

}  // namespace fairway
