// SPDX-License-Identifier: Apache-2.0
#include "net/http/connection_pool.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/task/deadline.h"

namespace fairway::net::http {
namespace {

using http1::Input;

constexpr size_t kMaxIdlePerPlace = 4;
constexpr absl::Duration kIdleTimeout = absl::Seconds(90);
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);

Task<absl::Status> CloseInTime(std::shared_ptr<Input> input) {
  absl::Status closed = co_await WithDeadline(
      kCloseTimeout, "close", [&input]() -> Task<absl::Status> {
        absl::Status status = co_await input->stream().Close();
        co_return status;
      });
  if (!closed.ok()) input->stream().Abort();
  co_return closed;
}

}  // namespace

ConnectionPool::~ConnectionPool() {
  for (auto& [key, entries] : idle_) {
    for (const std::shared_ptr<Entry>& entry : entries) {
      entry->taken = true;
      entry->input->stream().Abort();
    }
  }
}

std::string ConnectionPool::KeyOf(const Url& url, const Url& proxy) {
  return absl::StrCat(url.scheme, "://", url.host, ":",
                      static_cast<int>(url.EffectivePort()), " ",
                      proxy.ToString());
}

std::shared_ptr<Input> ConnectionPool::Take(const std::string& key) {
  auto place = idle_.find(key);
  while (place != idle_.end() && !place->second.empty()) {
    // The one that was used last is the likeliest to live.
    std::shared_ptr<Entry> entry = std::move(place->second.back());
    place->second.pop_back();
    entry->taken = true;
    entry->input->Poke();
    if (!entry->input->ended() && entry->input->buffered().empty()) {
      return entry->input;
    }
    CloseLater(entry->input);
  }
  return nullptr;
}

void ConnectionPool::Give(const std::string& key,
                          std::shared_ptr<Input> input) {
  std::list<std::shared_ptr<Entry>>& entries = idle_[key];
  if (entries.size() >= kMaxIdlePerPlace) {
    CloseLater(std::move(input));
    return;
  }
  auto entry = std::make_shared<Entry>(Entry{std::move(input)});
  entries.push_back(entry);
  // Watches it until it is taken, its time is over, or the server closes it.
  tasks_.Spawn([pool = weak_from_this(), key, entry]() -> Task<absl::Status> {
    Entry* watched = entry.get();
    absl::Status waited = co_await WithDeadline(
        kIdleTimeout, "idle connection", [watched]() -> Task<absl::Status> {
          absl::Status status = co_await WaitTakenOrEnded(*watched);
          co_return status;
        });
    if (entry->taken) co_return absl::OkStatus();
    std::shared_ptr<ConnectionPool> held = pool.lock();
    if (held != nullptr) held->idle_[key].remove(entry);
    held.reset();
    entry->taken = true;
    absl::Status closed = co_await CloseInTime(entry->input);
    co_return closed;
  });
}

void ConnectionPool::CloseLater(std::shared_ptr<Input> input) {
  tasks_.Spawn([input = std::move(input)]() -> Task<absl::Status> {
    absl::Status closed = co_await CloseInTime(input);
    co_return closed;
  });
}

Task<absl::Status> ConnectionPool::CloseIdle() {
  Executor executor = co_await kThisExecutor;
  TaskGroup closing(executor);
  for (auto& [key, entries] : std::exchange(idle_, {})) {
    for (const std::shared_ptr<Entry>& entry : entries) {
      entry->taken = true;
      entry->input->Poke();
      std::shared_ptr<Input> input = entry->input;
      closing.Spawn([input]() -> Task<absl::Status> {
        absl::Status closed = co_await CloseInTime(input);
        co_return closed;
      });
    }
  }
  absl::Status joined = co_await closing.Join();
  co_return joined;
}

Task<absl::Status> ConnectionPool::WaitTakenOrEnded(const Entry& entry) {
  Input& input = *entry.input;
  input.ReadAhead();
  while (!entry.taken && !input.ended() && input.buffered().empty()) {
    absl::Status waited = co_await input.WaitChanged();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::net::http
