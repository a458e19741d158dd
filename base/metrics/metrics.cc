// SPDX-License-Identifier: Apache-2.0
#include "base/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace fairway {
namespace {

prometheus::Registry& TheRegistry() {
  // Never destroyed: metrics are counted up to the last moment.
  static auto* registry = new prometheus::Registry();
  return *registry;
}

template <typename Builder>
auto& NewFamily(Builder builder, const std::string& name,
                const std::string& help) {
  return builder.Name(name).Help(help).Register(TheRegistry());
}

}  // namespace

struct Counter::Impl {
  prometheus::Family<prometheus::Counter>& family;
};

Counter::Counter(std::string name, std::string help)
    : impl_(new Impl{NewFamily(prometheus::BuildCounter(), name, help)}) {}
Counter::~Counter() = default;

void Counter::Increment(const Labels& labels, double by) {
  impl_->family.Add(labels).Increment(by);
}

struct Gauge::Impl {
  prometheus::Family<prometheus::Gauge>& family;
};

Gauge::Gauge(std::string name, std::string help)
    : impl_(new Impl{NewFamily(prometheus::BuildGauge(), name, help)}) {}
Gauge::~Gauge() = default;

void Gauge::Add(double by, const Labels& labels) {
  impl_->family.Add(labels).Increment(by);
}

void Gauge::Set(double value, const Labels& labels) {
  impl_->family.Add(labels).Set(value);
}

void Gauge::Remove(const Labels& labels) {
  impl_->family.Remove(&impl_->family.Add(labels));
}

struct Histogram::Impl {
  prometheus::Family<prometheus::Histogram>& family;
  std::vector<double> buckets;
};

Histogram::Histogram(std::string name, std::string help,
                     std::vector<double> buckets)
    : impl_(new Impl{NewFamily(prometheus::BuildHistogram(), name, help),
                     std::move(buckets)}) {}
Histogram::~Histogram() = default;

void Histogram::Observe(double value, const Labels& labels) {
  impl_->family.Add(labels, impl_->buckets).Observe(value);
}

std::string MetricsText() {
  return prometheus::TextSerializer().Serialize(TheRegistry().Collect());
}

}  // namespace fairway
