// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/load.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace fairway::e2e {
namespace {

constexpr size_t kEchoBytes = 4 * 1024;
constexpr size_t kBulkBytes = 64 * 1024;

size_t EchoOnce(Connection& connection) {
  static const std::string bytes = RandomBytes(kEchoBytes, 7);
  connection.Send(bytes);
  if (connection.ReceiveExactly(kEchoBytes) != bytes) {
    throw std::runtime_error("the echo is not what was sent");
  }
  return 2 * kEchoBytes;
}

size_t DownloadOnce(Connection& connection) {
  return connection.ReceiveExactly(kBulkBytes).size();
}

size_t UploadOnce(Connection& connection) {
  static const std::string bytes = RandomBytes(kBulkBytes, 8);
  connection.Send(bytes);
  return bytes.size();
}

double Percentile(std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  const size_t at = static_cast<size_t>(part * (sorted.size() - 1) + 0.5);
  return sorted[at];
}

double InSeconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Load::Load(const LoadOptions& options) {
  Start(options.echoes, options.echo_port, true, EchoOnce);
  Start(options.downloads, options.source_port, false, DownloadOnce);
  Start(options.uploads, options.sink_port, false, UploadOnce);
}

Load::~Load() { Stop(); }

void Load::Start(int count, uint16_t port, bool echo, Step step) {
  for (int i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    Worker& worker = *workers_.back();
    worker.echo = echo;
    worker.connection = std::make_unique<Connection>(port);
    worker.thread = std::thread([this, &worker, step] { Run(worker, step); });
  }
}

void Load::Run(Worker& worker, Step step) {
  try {
    while (!stopping_) {
      Exchange exchange;
      exchange.begin = Clock::now();
      exchange.bytes = step(*worker.connection);
      exchange.end = Clock::now();
      worker.exchanges.push_back(exchange);
    }
  } catch (const std::exception& e) {
    if (!stopping_) worker.failure = e.what();
  }
}

std::vector<std::string> Load::Stop() {
  stopping_ = true;
  // A client without windows freezes when the first of them goes: let none wait
  // for what does not come any more.
  for (const auto& worker : workers_) worker->connection->Shutdown();
  std::vector<std::string> failures;
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
    if (!worker->failure.empty()) failures.push_back(worker->failure);
  }
  return failures;
}

Throughput Load::During(const std::vector<Span>& spans) const {
  std::vector<double> milliseconds;
  size_t bytes = 0;
  auto any = [&spans](auto predicate) {
    return std::any_of(spans.begin(), spans.end(), predicate);
  };
  for (const auto& worker : workers_) {
    for (const Exchange& exchange : worker->exchanges) {
      if (any([&](const Span& span) {
            return exchange.end >= span.begin && exchange.end < span.end;
          })) {
        bytes += exchange.bytes;
      }
      if (worker->echo && any([&](const Span& span) {
            return exchange.end >= span.begin && exchange.begin < span.end;
          })) {
        milliseconds.push_back(InSeconds(exchange.end - exchange.begin) * 1e3);
      }
    }
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  double seconds = 0;
  for (const Span& span : spans) seconds += InSeconds(span.end - span.begin);
  Throughput seen;
  seen.megabytes_per_second = seconds > 0 ? bytes / 1e6 / seconds : 0;
  seen.p50_milliseconds = Percentile(milliseconds, 0.50);
  seen.p99_milliseconds = Percentile(milliseconds, 0.99);
  seen.round_trips = milliseconds.size();
  return seen;
}

}  // namespace fairway::e2e
