// SPDX-License-Identifier: Apache-2.0
// What runs in a pod in tests: servers of known manners, in one program that
// is linked statically, so that it alone makes an image.
//
//   pod_server [--address=IP] [--records=FOLDER] MODE:PORT[:NUMBER]...
//
//   echo:PORT           sends back what comes, as it comes; FIN for FIN
//   late:PORT[:MS]      sends all back, but only MS milliseconds after the FIN
//   sink:PORT           discards; after the FIN, how many bytes came: "5\n"
//   source:PORT:BYTES   sends so many bytes and FIN, then waits for the FIN
//   give:PORT           a source of as many bytes as the first line says
//   reset:PORT[:BYTES]  after so many bytes (1), a reset
//   deaf:PORT[:MS]      reads nothing for so long (until a reset), then all
//   open:PORT           how many connections the servers above have, and how
//                       many bytes the sinks got up to a FIN: "5 2000\n"
//   http:PORT           a page, "Hello from HOSTNAME\n", to each request
//   witness:PORT        takes records of 16 bytes: 8 of a tag and a number of
//                       8 hexadecimal digits, which counts up from 0; answers
//                       each with 16 bytes that tell this process from all
//                       others, and the record. FOLDER/(those 16 bytes) says
//                       "HOSTNAME\n", then "TAG\n" at a connection's first
//                       record and "WRONG ...\n" at one that does not follow
//   exit:CODE           no server: ends at once
//
// With no argument it only waits, as a pause container does. The n-th byte of
// a source is 'a' + n % 26. Says "ready" once all ports listen; SIGTERM and
// SIGINT end it with status 0. A connection is a descriptor and a thread, so it
// takes as many as the hard limit of open files permits.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/process/file_limit.h"

namespace {

constexpr size_t kBufferBytes = 64 * 1024;
// What `late` keeps at most.
constexpr size_t kMaxKeptBytes = 256 * 1024 * 1024;
// What the kernel takes for `deaf`, at most about twice this.
constexpr int kDeafBufferBytes = 4096;

// How many connections are served, those of `open` not counted.
std::atomic<int> open_connections{0};
// What sinks got on connections that ended by a FIN.
std::atomic<uint64_t> sunk_bytes{0};

bool SendAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    data += n;
    size -= n;
  }
  return true;
}

// Calls `use` with each piece until FIN; false after a reset or if `use` said
// so.
bool ReadUntilFin(int fd, const std::function<bool(const char*, size_t)>& use) {
  // Not a vector, which would touch all of it.
  std::unique_ptr<char[]> buffer(new char[kBufferBytes]);
  for (;;) {
    const ssize_t n = recv(fd, buffer.get(), kBufferBytes, 0);
    if (n == 0) return true;
    if (n < 0 || !use(buffer.get(), n)) return false;
  }
}

void Echo(int fd, uint64_t) {
  ReadUntilFin(fd, [fd](const char* data, size_t size) {
    return SendAll(fd, data, size);
  });
}

void Late(int fd, uint64_t milliseconds) {
  std::string kept;
  const bool ended = ReadUntilFin(fd, [&kept](const char* data, size_t size) {
    kept.append(data, size);
    return kept.size() <= kMaxKeptBytes;
  });
  if (!ended) return;
  usleep(milliseconds * 1000);
  SendAll(fd, kept.data(), kept.size());
}

void Sink(int fd, uint64_t) {
  uint64_t count = 0;
  const bool ended = ReadUntilFin(fd, [&count](const char*, size_t size) {
    count += size;
    return true;
  });
  if (!ended) return;
  sunk_bytes += count;
  const std::string answer = std::to_string(count) + "\n";
  SendAll(fd, answer.data(), answer.size());
}

void Source(int fd, uint64_t bytes) {
  std::vector<char> pattern(kBufferBytes / 26 * 26);
  for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = 'a' + i % 26;
  while (bytes > 0) {
    const size_t size = std::min<uint64_t>(bytes, pattern.size());
    if (!SendAll(fd, pattern.data(), size)) return;
    bytes -= size;
  }
  shutdown(fd, SHUT_WR);
  ReadUntilFin(fd, [](const char*, size_t) { return true; });
}

void Give(int fd, uint64_t) {
  char line[21] = "";  // of the largest number, and its newline
  for (size_t i = 0; i + 1 < sizeof(line) && strchr(line, '\n') == nullptr;
       ++i) {
    if (recv(fd, &line[i], 1, 0) != 1) return;
  }
  Source(fd, strtoull(line, nullptr, 10));
}

void Reset(int fd, uint64_t bytes) {
  uint64_t left = bytes == 0 ? 1 : bytes;
  std::vector<char> buffer(kBufferBytes);
  while (left > 0) {
    const ssize_t n =
        recv(fd, buffer.data(), std::min<uint64_t>(left, buffer.size()), 0);
    if (n <= 0) return;
    left -= n;
  }
  linger abort{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
}

void Deaf(int fd, uint64_t milliseconds) {
  pollfd broken = {fd, 0, 0};
  poll(&broken, 1, milliseconds == 0 ? -1 : static_cast<int>(milliseconds));
  ReadUntilFin(fd, [](const char*, size_t) { return true; });
}

void Open(int fd, uint64_t) {
  const std::string answer = std::to_string(open_connections) + " " +
                             std::to_string(sunk_bytes) + "\n";
  SendAll(fd, answer.data(), answer.size());
  shutdown(fd, SHUT_WR);
  ReadUntilFin(fd, [](const char*, size_t) { return true; });
}

// The pod's name: of pods that share the host's, only the environment has it.
std::string HostName() {
  const char* pods = getenv("HOSTNAME");
  if (pods != nullptr && *pods != '\0') return pods;
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  return host;
}

void Http(int fd, uint64_t) {
  const std::string page = "Hello from " + HostName() + "\n";
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
      std::to_string(page.size()) + "\r\n\r\n" + page;
  std::string pending;
  ReadUntilFin(fd, [&](const char* data, size_t size) {
    pending.append(data, size);
    for (size_t end; (end = pending.find("\r\n\r\n")) != std::string::npos;) {
      pending.erase(0, end + 4);
      if (!SendAll(fd, answer.data(), answer.size())) return false;
    }
    return pending.size() <= kBufferBytes;
  });
}

// Where all that witnesses saw is written.
struct Records {
  std::string identity;
  int fd = -1;

  // Whole lines, whoever else writes.
  void Say(const std::string& line) const {
    if (write(fd, line.data(), line.size()) < 0) _exit(1);
  }
};
Records records;

bool OpenRecords(const char* folder) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof(random), 0) != sizeof(random)) return false;
  char identity[17];
  snprintf(identity, sizeof(identity), "%016llx",
           static_cast<unsigned long long>(random));
  records.identity = identity;
  const std::string path = std::string(folder) + "/" + identity;
  records.fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (records.fd < 0) return false;
  records.Say(HostName() + "\n");
  return true;
}

void Witness(int fd, uint64_t) {
  constexpr size_t kTag = 8;
  constexpr size_t kRecord = 16;
  std::string tag;
  std::string pending;
  unsigned next = 0;
  ReadUntilFin(fd, [&](const char* data, size_t size) {
    pending.append(data, size);
    std::string answer;
    size_t at = 0;
    for (; pending.size() - at >= kRecord; at += kRecord) {
      const std::string record = pending.substr(at, kRecord);
      if (tag.empty()) {
        tag = record.substr(0, kTag);
        records.Say(tag + "\n");
      }
      char number[kRecord - kTag + 1];
      snprintf(number, sizeof(number), "%08x", next++);
      if (record != tag + number) {
        records.Say("WRONG " + record + " instead of " + tag + number + "\n");
        return false;
      }
      answer += records.identity + record;
    }
    pending.erase(0, at);
    return SendAll(fd, answer.data(), answer.size());
  });
}

using Serve = void (*)(int fd, uint64_t number);

int Listen(const char* address, uint16_t port) {
  sockaddr_storage storage{};
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&storage);
  socklen_t size = sizeof(*ipv4);
  if (inet_pton(AF_INET, address, &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(port);
  } else if (inet_pton(AF_INET6, address, &ipv6->sin6_addr) == 1) {
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    size = sizeof(*ipv6);
  } else {
    return -1;
  }
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
      listen(fd, 4096) != 0) {
    return -1;
  }
  return fd;
}

void AcceptForever(int listener, Serve serve, uint64_t number) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      usleep(1000);  // out of descriptors, or a connection that has gone
      continue;
    }
    const int counted = serve == Open ? 0 : 1;
    open_connections += counted;
    std::thread([fd, serve, number, counted] {
      serve(fd, number);
      close(fd);
      open_connections -= counted;
    }).detach();
  }
}

// Starts what `argument` asks for; false if it cannot.
bool StartServer(const std::string& argument, const char* address) {
  static const std::map<std::string, Serve> kModes = {
      {"echo", Echo}, {"late", Late},      {"sink", Sink}, {"source", Source},
      {"give", Give}, {"reset", Reset},    {"http", Http}, {"deaf", Deaf},
      {"open", Open}, {"witness", Witness}};
  char mode[16] = "";
  unsigned port = 0;
  unsigned long long number = 0;
  if (sscanf(argument.c_str(), "%15[a-z]:%u:%llu", mode, &port, &number) < 2) {
    fprintf(stderr, "pod_server: %s: want MODE:PORT\n", argument.c_str());
    return false;
  }
  if (strcmp(mode, "exit") == 0) _exit(port);
  if (strcmp(mode, "witness") == 0 && records.fd < 0) {
    fprintf(stderr, "pod_server: %s: wants --records before it\n",
            argument.c_str());
    return false;
  }
  const auto serve = kModes.find(mode);
  const int listener = serve == kModes.end() ? -1 : Listen(address, port);
  if (listener < 0) {
    fprintf(stderr, "pod_server: %s: cannot serve: %s\n", argument.c_str(),
            strerror(errno));
    return false;
  }
  if (serve->second == Deaf) {
    // Connections have the listener's.
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &kDeafBufferBytes,
               sizeof(kDeafBufferBytes));
  }
  std::thread(AcceptForever, listener, serve->second, number).detach();
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  fairway::RaiseFileLimit();
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  const char* address = "0.0.0.0";
  constexpr char kAddress[] = "--address=";
  constexpr char kRecords[] = "--records=";
  for (int i = 1; i < argc; ++i) {
    if (strncmp(argv[i], kAddress, strlen(kAddress)) == 0) {
      address = argv[i] + strlen(kAddress);
    } else if (strncmp(argv[i], kRecords, strlen(kRecords)) == 0) {
      if (!OpenRecords(argv[i] + strlen(kRecords))) {
        perror(argv[i]);
        return 1;
      }
    } else if (!StartServer(argv[i], address)) {
      return 1;
    }
  }
  printf("ready\n");
  fflush(stdout);
  int signal = 0;
  sigwait(&ending, &signal);
  _exit(0);
}
