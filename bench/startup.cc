// SPDX-License-Identifier: Apache-2.0
// What kubectl port-forward costs before it forwards, and while it has nothing
// to do: ours and Kubernetes' kubectl 1.20.2, by turns, on one cluster with one
// kubeconfig. Prints whether the goals are met, a table, and the same as one
// line of JSON; fails when a number is missing.
#include <gflags/gflags.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/report.h"
#include "bench/samples.h"
#include "bench/usage.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

DEFINE_int32(starts, 20, "of each kubectl for each target");
DEFINE_int32(connections, 100, "that come and go before memory is read again");
DEFINE_int32(idle_seconds, 5, "before memory is read");

namespace fairway::bench {
namespace {

using e2e::Kubectl;
using Clock = std::chrono::steady_clock;

constexpr uint16_t kEcho = 7001;
constexpr char kService[] = R"(apiVersion: v1
kind: Service
metadata:
  name: bench
spec:
  selector:
    app: bench
  ports:
  - port: 7001
)";
constexpr double kMaxStartRatio = 1.0 / 3;
constexpr double kMaxIdlePssMiB = 8;

// By Kubectl.
template <typename T>
using Both = std::array<T, 2>;
constexpr Kubectl kBoth[] = {Kubectl::kOurs, Kubectl::kDebian};

struct Start {
  double wall_ms;
  double cpu_ms;  // user and system, all threads
};

// From before fork() until the first line can be read.
Start StartOnce(const e2e::Cluster& cluster, Kubectl which,
                const std::string& target) {
  const std::string log = cluster.folder() + "/startup.log";
  const std::vector<std::string> argv = cluster.KubectlArgv(
      which, {"port-forward", target, ":" + std::to_string(kEcho)});
  const auto start = Clock::now();
  e2e::Process process({argv, {"HOME=" + cluster.folder()}, log});
  const std::optional<std::string> line = process.ReadLine(e2e::Seconds(30));
  const std::chrono::duration<double, std::milli> wall = Clock::now() - start;
  const double cpu_ms = CpuSeconds(process.pid()) * 1e3;
  if (!line || line->rfind("Forwarding from ", 0) != 0) {
    throw std::runtime_error(argv[0] +
                             " does not forward: " + e2e::ReadFile(log));
  }
  return {wall.count(), cpu_ms};
}

enum class Discovery { kWarm, kCold };

// kubectl 1.20.2 keeps what the server serves in files; ours never asks for it.
void Measure(const e2e::Cluster& cluster, const std::string& target,
             Discovery discovery, std::vector<Number>* numbers) {
  Both<std::vector<double>> wall;
  Both<std::vector<double>> cpu;
  for (Kubectl which : kBoth) StartOnce(cluster, which, target);
  for (int i = 0; i < FLAGS_starts; ++i) {
    for (Kubectl which : kBoth) {
      if (discovery == Discovery::kCold) {
        e2e::RemoveFolder(cluster.folder() + "/.kube");
      }
      const Start start = StartOnce(cluster, which, target);
      wall[static_cast<size_t>(which)].push_back(start.wall_ms);
      cpu[static_cast<size_t>(which)].push_back(start.cpu_ms);
    }
  }
  const std::string name =
      "start " + target + (discovery == Discovery::kCold ? " cold" : "");
  const auto add = [numbers](const std::string& what,
                             const Both<std::vector<double>>& samples,
                             double fraction) {
    numbers->push_back({what, Percentile(samples[0], fraction), "ms",
                        Percentile(samples[1], fraction)});
  };
  add(name + ", p50", wall, 0.5);
  add(name + ", p90", wall, 0.9);
  add(name + ", CPU p50", cpu, 0.5);
}

void AddMemory(const std::string& when,
               const Both<std::optional<e2e::PortForward>>& clients,
               std::vector<Number>* numbers) {
  // RSS is what PSS would be if nobody else had the libraries in memory.
  for (const char* field : {"Pss", "Rss", "Private_Dirty"}) {
    numbers->push_back({std::string(field) + ", " + when,
                        MemoryKiB(clients[0]->pid(), field) / 1024, "MiB",
                        MemoryKiB(clients[1]->pid(), field) / 1024});
  }
}

void MeasureMemory(const e2e::Cluster& cluster, const std::string& target,
                   std::vector<Number>* numbers) {
  // A program's file counts as its dirty memory until it has been written.
  sync();
  Both<std::optional<e2e::PortForward>> clients;
  for (Kubectl which : kBoth) {
    clients[static_cast<size_t>(which)].emplace(cluster, which, target,
                                                std::vector<uint16_t>{kEcho});
  }
  sleep(FLAGS_idle_seconds);
  AddMemory("idle", clients, numbers);
  for (std::optional<e2e::PortForward>& client : clients) {
    for (int i = 0; i < FLAGS_connections; ++i) {
      e2e::Connection connection(client->local(kEcho));
      connection.Send("x");
      connection.ReceiveExactly(1);
    }
  }
  sleep(FLAGS_idle_seconds);
  AddMemory("idle after connections", clients, numbers);
}

void PrintGoals(const std::vector<Number>& numbers) {
  for (const Number& number : numbers) {
    bool met = false;
    if (number.name.rfind("start ", 0) == 0 &&
        number.name.find("CPU") == std::string::npos) {
      met = number.value <= kMaxStartRatio * *number.kubectl;
    } else if (number.name.rfind("Pss, ", 0) == 0) {
      met = number.value < kMaxIdlePssMiB;
    } else {
      continue;
    }
    std::printf("goal %s: %s\n", met ? "met" : "NOT MET", number.name.c_str());
  }
}

void Run() {
  e2e::ClusterOptions options;
  options.verbosity = 0;
  e2e::Cluster cluster(options);
  e2e::PodSpec pod;
  pod.name = "bench";
  pod.servers = {"echo:" + std::to_string(kEcho)};
  pod.labels = {{"app", "bench"}};
  cluster.StartPod(pod);
  cluster.WaitPod(pod);
  cluster.Create(kService);

  std::vector<Number> numbers;
  Measure(cluster, "pod/bench", Discovery::kWarm, &numbers);
  Measure(cluster, "pod/bench", Discovery::kCold, &numbers);
  Measure(cluster, "svc/bench", Discovery::kWarm, &numbers);
  MeasureMemory(cluster, "pod/bench", &numbers);
  PrintGoals(numbers);
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
