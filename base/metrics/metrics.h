// SPDX-License-Identifier: Apache-2.0
// The process's metrics, in Prometheus' model. Names and labels are
// Kubernetes' own where it has them.
//
// Threads: every call may come from any thread.
#ifndef BASE_METRICS_METRICS_H_
#define BASE_METRICS_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fairway {

using Labels = std::map<std::string, std::string>;

// A family lives as long as the process; make it once, at namespace scope or as
// a function's static, and keep the number of label values bounded: none may
// come from a peer, unless its series is removed again.
class Counter {
 public:
  Counter(std::string name, std::string help);
  ~Counter();
  void Increment(const Labels& labels = {}, double by = 1);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Gauge {
 public:
  Gauge(std::string name, std::string help);
  ~Gauge();
  void Add(double by, const Labels& labels = {});
  void Set(double value, const Labels& labels = {});
  // Forgets the value of these labels: for those that come and go, so that
  // there are never many of them.
  void Remove(const Labels& labels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Histogram {
 public:
  Histogram(std::string name, std::string help, std::vector<double> buckets);
  ~Histogram();
  void Observe(double value, const Labels& labels = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// All metrics in Prometheus' text format 0.0.4: the answer of /metrics.
std::string MetricsText();
inline constexpr char kMetricsContentType[] =
    "text/plain; version=0.0.4; charset=utf-8";

}  // namespace fairway

#endif  // BASE_METRICS_METRICS_H_
