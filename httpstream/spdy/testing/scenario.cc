// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/scenario.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "httpstream/spdy/testing/random.h"

namespace fairway::httpstream::spdy {
namespace {

using WriteEnd = EndPlan::WriteEnd;
using Interruption = EndPlan::Interruption;
using Answer = StreamPlan::Answer;

// A run costs about as much as it has transport operations.
constexpr size_t kOperations = 200;
constexpr size_t kMostPayloadBytes = 300 * 1000;

SessionOptions MakeOptions(Random& random) {
  SessionOptions options;
  options.stream_window_bytes =
      random.OneOf<int64_t>({1, 64 * 1024, 100 * 1000, 1 << 20});
  options.session_window_bytes =
      random.OneOf<int64_t>({1, 64 * 1024, 150 * 1000, 4 << 20});
  options.max_stream_window_bytes =
      random.OneOf<int64_t>({1, 64 * 1024, 200 * 1000, 16 << 20});
  options.receive_buffer_bytes =
      random.OneOf<size_t>({1, 100, 4096, 64 * 1024, 1 << 20});
  if (random.OneIn(4)) {
    options.session_buffer_bytes =
        random.OneOf<size_t>({1, 1000, 64 * 1024, 256 * 1024});
  }
  if (random.OneIn(8)) {
    options.process_buffer_bytes = random.OneOf<size_t>({1, 64 * 1024});
  }
  if (random.OneIn(8)) options.max_streams = 1 + random.Below(6);
  if (random.OneIn(16)) {
    options.max_stream_id = static_cast<uint32_t>(1 + random.Below(12));
  }
  if (random.OneIn(32)) options.ping_period = absl::Microseconds(200);
  // Nothing here waits for a clock: what would end only by it hangs.
  options.ping_timeout = absl::Hours(1);
  options.create_stream_timeout = absl::Hours(1);
  options.close_timeout = absl::Hours(1);
  return options;
}

Roughness MakeRoughness(Random& random) {
  Roughness roughness;
  const size_t most = random.OneOf<size_t>(
      {1, 16, 16, 300, 300, 300, 4096, 4096, 4096, 64 * 1024});
  roughness.most_read_bytes = most;
  roughness.most_write_bytes = random.OneIn(3) ? 64 * 1024 : most;
  if (random.OneIn(4))
    std::swap(roughness.most_read_bytes, roughness.most_write_bytes);
  roughness.pause_odds = random.OneOf<size_t>({0, 2, 8, 40});
  return roughness;
}

EndPlan MakeEnd(Random& random, size_t most_payload, bool calm) {
  EndPlan end;
  size_t size =
      random.OneIn(4) ? random.Below(most_payload) : random.Sized(most_payload);
  if (random.OneIn(8)) size = 0;
  end.payload = random.Bytes(size);
  end.most_write_bytes = std::max<size_t>(random.Sized(size + 1), size / 20);
  end.most_read_bytes = std::max<size_t>(random.Sized(64 * 1024), size / 20);
  end.pause_odds = random.OneOf<size_t>({0, 0, 1, 3, 10});
  end.keep_handle = random.OneIn(8);
  end.close_handle = random.OneIn(3);
  end.waits_broken = random.OneIn(4);
  if (calm) return end;

  end.write_end = random.OneOf({WriteEnd::kCloseWrite, WriteEnd::kCloseWrite,
                                WriteEnd::kCloseWrite, WriteEnd::kCloseWrite,
                                WriteEnd::kCloseWrite, WriteEnd::kCloseWrite,
                                WriteEnd::kCloseWriteLater, WriteEnd::kClose,
                                WriteEnd::kReset, WriteEnd::kDropLater});
  if (random.OneIn(5)) {
    end.read_bytes = random.OneIn(2) ? 0 : random.Below(most_payload);
    end.unread = random.OneOf(
        {EndPlan::Unread::kReadLater, EndPlan::Unread::kResetLater});
  }
  if (random.OneIn(5)) {
    end.interruption =
        random.OneOf({Interruption::kReset, Interruption::kCancelAndAbort,
                      Interruption::kCancelAndDrop});
    end.interruption_pauses = random.Sized(100) - 1;
  }
  return end;
}

// Few where each byte costs a step.
net::http::Headers MakeHeaders(Random& random, size_t number, size_t budget) {
  net::http::Headers headers = {{"number", absl::StrCat(number)}};
  if (budget < 10000 || !random.OneIn(4)) return headers;
  for (size_t i = random.Sized(8); i > 0; --i) {
    headers.Add(absl::StrCat("h", i),
                std::string(random.Sized(300), 'a' + random.Below(26)));
  }
  return headers;
}

// How many bytes the streams of a run may move together.
size_t PayloadBudget(const Scenario& scenario) {
  const Roughness& rough = scenario.roughness;
  const size_t least = std::min(
      {rough.most_read_bytes, rough.most_write_bytes, scenario.pipe_bytes});
  return std::min(kOperations * (least / 4 + 1), kMostPayloadBytes);
}

void SetTransport(Random& random, Scenario* scenario) {
  scenario->roughness = MakeRoughness(random);
  scenario->pipe_bytes =
      random.OneOf<size_t>({1, 50, 50, 2000, 2000, 64 * 1024, 64 * 1024});
  scenario->ping_odds = random.OneOf<size_t>({0, 0, 5, 50});
  scenario->release_odds = random.OneOf<size_t>({1, 2, 4, 16, 1000});
}

// More than the windows, in a few streams.
void MakeHeavy(Random& random, Scenario* scenario) {
  scenario->roughness.most_read_bytes = 64 * 1024;
  scenario->roughness.most_write_bytes = 64 * 1024;
  scenario->roughness.pause_odds = 10;
  scenario->pipe_bytes = 64 * 1024;
  for (SessionOptions* options : {&scenario->client, &scenario->server}) {
    options->stream_window_bytes =
        random.OneOf<int64_t>({64 * 1024, 100 * 1000});
    options->session_window_bytes =
        random.OneOf<int64_t>({64 * 1024, 150 * 1000});
  }
  size_t budget = kMostPayloadBytes;
  for (StreamPlan& stream : scenario->streams) {
    for (EndPlan* end : {&stream.near, &stream.far}) {
      if (end->payload.empty() || budget < kMostPayloadBytes / 2) continue;
      end->payload = random.Bytes(random.Below(budget));
      end->most_write_bytes = end->most_read_bytes = 64 * 1024;
      end->pause_odds = 10;
      budget -= end->payload.size();
    }
  }
}

}  // namespace

bool EndPlan::IsStill() const {
  return write_end == WriteEnd::kCloseWriteLater ||
         write_end == WriteEnd::kDropLater || read_bytes != SIZE_MAX ||
         keep_handle;
}

Scenario MakeScenario(uint64_t seed) {
  Random random(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.with_windows = random.OneIn(2);
  scenario.client = MakeOptions(random);
  scenario.server = MakeOptions(random);
  SetTransport(random, &scenario);
  scenario.idle_timeout = random.OneIn(4);

  const bool calm = random.OneIn(4);
  size_t budget = PayloadBudget(scenario);
  for (size_t i = random.Sized(budget < 10000 ? 5 : 12); i > 0; --i) {
    StreamPlan stream;
    stream.headers = MakeHeaders(random, scenario.streams.size(), budget);
    stream.start_pauses = random.Sized(60) - 1;
    if (!calm && random.OneIn(10)) {
      stream.answer = random.OneOf(
          {Answer::kRefuse, Answer::kInvalid, Answer::kDrop, Answer::kReset});
    }
    stream.near = MakeEnd(random, budget / 2 + 1, calm);
    budget -= std::min(budget, stream.near.payload.size());
    stream.far = MakeEnd(random, budget / 2 + 1, calm);
    budget -= std::min(budget, stream.far.payload.size());
    scenario.streams.push_back(std::move(stream));
  }
  if (random.OneIn(16)) MakeHeavy(random, &scenario);
  if (random.OneIn(3)) {
    scenario.event = static_cast<SessionEvent>(
        1 + random.Below(static_cast<size_t>(SessionEvent::kDestroyServer)));
    scenario.event_pauses = random.Sized(300) - 1;
  }
  scenario.farewell =
      random.OneOf({Scenario::Farewell::kClient, Scenario::Farewell::kServer,
                    Scenario::Farewell::kBoth});
  return scenario;
}

Scenario MakeCalmScenario(uint64_t seed, size_t streams, size_t payload_bytes) {
  Random random(seed);
  Scenario scenario;
  scenario.seed = seed;
  SetTransport(random, &scenario);
  scenario.client.close_timeout = scenario.server.close_timeout =
      absl::Hours(1);
  for (size_t i = 0; i < streams; ++i) {
    StreamPlan stream;
    stream.headers = MakeHeaders(random, i, payload_bytes);
    for (EndPlan* end : {&stream.near, &stream.far}) {
      end->payload = random.Bytes(payload_bytes);
      end->most_write_bytes = random.Sized(payload_bytes);
      end->most_read_bytes = random.Sized(payload_bytes);
    }
    scenario.streams.push_back(std::move(stream));
  }
  return scenario;
}

std::string Scenario::ToString() const {
  std::string text = absl::StrCat(
      with_windows ? "windows" : "no windows", ", event ",
      static_cast<int>(event), " after ", event_pauses, ", reads of ",
      roughness.most_read_bytes, ", writes of ", roughness.most_write_bytes,
      ", pipe of ", pipe_bytes, ", pauses 1/", roughness.pause_odds);
  for (const SessionOptions* options : {&client, &server}) {
    absl::StrAppend(
        &text, options == &client ? "\n  client" : ", server", " windows ",
        options->stream_window_bytes, " ", options->max_stream_window_bytes,
        " ", options->session_window_bytes, " buffers ",
        options->receive_buffer_bytes, " ", options->session_buffer_bytes, " ",
        options->process_buffer_bytes);
  }
  for (const StreamPlan& stream : streams) {
    absl::StrAppend(&text, "\n  answer ", static_cast<int>(stream.answer));
    for (const EndPlan* end : {&stream.near, &stream.far}) {
      absl::StrAppend(&text, end == &stream.near ? ", near" : ", far",
                      " writes ", end->payload.size(), " end ",
                      static_cast<int>(end->write_end));
      if (end->read_bytes != SIZE_MAX) {
        absl::StrAppend(&text, " reads ", end->read_bytes, " then ",
                        static_cast<int>(end->unread));
      }
      if (end->interruption != EndPlan::Interruption::kNone) {
        absl::StrAppend(&text, " interruption ",
                        static_cast<int>(end->interruption), " after ",
                        end->interruption_pauses);
      }
    }
  }
  return text;
}

}  // namespace fairway::httpstream::spdy
