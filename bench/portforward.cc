// SPDX-License-Identifier: Apache-2.0
// What the whole path costs: kubectl, API server, kubelet and a pod of the
// process runtime, each a process of its own, over TLS on loopback. The load is
// this process, its server the pod's. Prints a table, and the same as one line
// of JSON; fails when a number or a hop's process is missing.
#include <gflags/gflags.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/report.h"
#include "bench/usage.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/socket.h"

DEFINE_int32(megabytes, 500, "moved in each direction, by one connection");
DEFINE_int32(round_trips, 2000, "echoes of 64 bytes");
DEFINE_int32(connections, 200, "made one after another, a byte echoed on each");
DEFINE_int32(idle_connections, 500, "held open while memory is read");

namespace fairway::bench {
namespace {

using e2e::Connection;
using Clock = std::chrono::steady_clock;

constexpr uint16_t kEcho = 7001;
constexpr uint16_t kSink = 7002;
constexpr uint16_t kSource = 7003;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

uint64_t Bytes() { return static_cast<uint64_t>(FLAGS_megabytes) * 1000000; }

double DownloadMegabytesPerSecond(uint16_t port) {
  const auto start = Clock::now();
  Connection connection(port, e2e::Seconds(120));
  uint64_t got = 0;
  while (true) {
    const size_t n = connection.Receive(256 * 1024).size();
    if (n == 0) break;
    got += n;
  }
  if (got != Bytes()) throw std::runtime_error("download is short");
  return FLAGS_megabytes / SecondsSince(start);
}

double UploadMegabytesPerSecond(uint16_t port) {
  const std::string piece(1000 * 1000, 'u');
  const auto start = Clock::now();
  Connection connection(port, e2e::Seconds(120));
  for (int i = 0; i < FLAGS_megabytes; ++i) connection.Send(piece);
  connection.SendFin();
  if (connection.ReceiveAll() != std::to_string(Bytes()) + "\n") {
    throw std::runtime_error("upload is short");
  }
  return FLAGS_megabytes / SecondsSince(start);
}

std::vector<double> EchoMicroseconds(uint16_t port) {
  const std::string message(64, 'e');
  Connection connection(port);
  std::vector<double> samples;
  for (int i = 0; i < FLAGS_round_trips; ++i) {
    const auto start = Clock::now();
    connection.Send(message);
    connection.ReceiveExactly(message.size());
    samples.push_back(SecondsSince(start) * 1e6);
  }
  return samples;
}

std::vector<double> SetUpMilliseconds(uint16_t port) {
  std::vector<double> samples;
  for (int i = 0; i < FLAGS_connections; ++i) {
    const auto start = Clock::now();
    Connection connection(port);
    connection.Send("x");
    connection.ReceiveExactly(1);
    samples.push_back(SecondsSince(start) * 1e3);
  }
  return samples;
}

double SumPssKiB(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (pid_t pid : pids) sum += MemoryKiB(pid, "Pss");
  return sum;
}

double SumCpuSeconds(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (pid_t pid : pids) sum += CpuSeconds(pid);
  return sum;
}

double IdleKiBPerConnection(uint16_t port, const std::vector<pid_t>& pids) {
  const double before = SumPssKiB(pids);
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < FLAGS_idle_connections; ++i) {
    idle.push_back(std::make_unique<Connection>(port));
    idle.back()->Send("x");
    idle.back()->ReceiveExactly(1);
  }
  sleep(10);
  return (SumPssKiB(pids) - before) / FLAGS_idle_connections;
}

void Run() {
  e2e::ClusterOptions options;
  options.verbosity = 0;
  e2e::Cluster cluster(options);
  cluster.CreatePod("bench", {"echo:7001", "sink:7002",
                              "source:7003:" + std::to_string(Bytes())});
  e2e::PortForward forward(cluster, e2e::Kubectl::kOurs, "pod/bench",
                           {kEcho, kSink, kSource});
  const std::vector<pid_t> pids = {forward.pid(), cluster.pid("kube-apiserver"),
                                   cluster.pid("kubelet")};
  SumPssKiB(pids);  // fails now if a hop has no process

  std::vector<Number> numbers;
  double used = SumCpuSeconds(pids);
  const auto add_cpu = [&](const std::string& what) {
    const double now = SumCpuSeconds(pids);
    numbers.push_back({what + ", CPU of the hops",
                       (now - used) * 1e6 / FLAGS_megabytes, "us/MB"});
    used = now;
  };
  numbers.push_back({"download, 1 connection",
                     DownloadMegabytesPerSecond(forward.local(kSource)),
                     "MB/s"});
  add_cpu("download");
  numbers.push_back({"upload, 1 connection",
                     UploadMegabytesPerSecond(forward.local(kSink)), "MB/s"});
  add_cpu("upload");
  const std::vector<double> echo = EchoMicroseconds(forward.local(kEcho));
  numbers.push_back({"echo of 64 B, p50", Percentile(echo, 0.5), "us"});
  numbers.push_back({"echo of 64 B, p99", Percentile(echo, 0.99), "us"});
  const std::vector<double> set_up = SetUpMilliseconds(forward.local(kEcho));
  numbers.push_back({"connection set-up, p50", Percentile(set_up, 0.5), "ms"});
  numbers.push_back({"connection set-up, p99", Percentile(set_up, 0.99), "ms"});
  numbers.push_back({"memory of an idle connection",
                     IdleKiBPerConnection(forward.local(kEcho), pids), "KiB"});
  SumPssKiB(pids);  // and that all of them lived through it
  Print(numbers);
}

}  // namespace
}  // namespace fairway::bench

int main(int argc, char** argv) {
  google::ParseCommandLineFlags(&argc, &argv, true);
  try {
    fairway::bench::Run();
  } catch (const std::exception& e) {
    std::cerr << "bench: " << e.what() << std::endl;
    return 1;
  }
  return 0;
}
