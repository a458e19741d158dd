// SPDX-License-Identifier: Apache-2.0
#include "apiserver/storage/sqlite/database.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"

namespace fairway::apiserver::storage::sqlite {
namespace {

constexpr int kLayout = 1;

constexpr char kSchema[] =
    "CREATE TABLE IF NOT EXISTS documents ("
    "  key TEXT PRIMARY KEY, json TEXT NOT NULL, revision INTEGER NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS store ("
    "  id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL"
    ");"
    "INSERT OR IGNORE INTO store VALUES (0, 1);";

// One prepared statement, reset at the end of each use.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}
  ~Statement() {
    sqlite3_reset(stmt_);
    sqlite3_clear_bindings(stmt_);
  }
  void Bind(int index, const std::string& text) {
    sqlite3_bind_text(stmt_, index, text.data(), static_cast<int>(text.size()),
                      SQLITE_STATIC);
  }
  void Bind(int index, int64_t value) {
    sqlite3_bind_int64(stmt_, index, value);
  }
  int Step() { return sqlite3_step(stmt_); }
  std::string Text(int column) {
    const auto* text =
        reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
    const int size = sqlite3_column_bytes(stmt_, column);
    return text == nullptr ? std::string() : std::string(text, size);
  }
  int64_t Int(int column) { return sqlite3_column_int64(stmt_, column); }

 private:
  sqlite3_stmt* stmt_;
};

class DatabaseImpl final : public Database {
 public:
  DatabaseImpl(sqlite3* db, std::string path)
      : db_(db), path_(std::move(path)) {}

  ~DatabaseImpl() override {
    for (sqlite3_stmt* stmt : statements_) sqlite3_finalize(stmt);
    sqlite3_close(db_);
  }

  absl::Status Prepare(absl::Duration lock_timeout) {
    sqlite3_busy_timeout(
        db_, static_cast<int>(lock_timeout / absl::Milliseconds(1)));
    // Exclusive before WAL: then no shared memory file is needed, and the first
    // transaction takes the lock for good.
    FAIRWAY_RETURN_IF_ERROR(Execute("PRAGMA locking_mode=EXCLUSIVE;"));
    FAIRWAY_RETURN_IF_ERROR(Execute("PRAGMA journal_mode=WAL;"));
    FAIRWAY_RETURN_IF_ERROR(Execute("PRAGMA synchronous=FULL;"));
    int64_t layout = 0;
    FAIRWAY_RETURN_IF_ERROR(QueryInt("PRAGMA user_version;", &layout));
    if (layout > kLayout) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, ": layout ", layout,
                       " is newer than this program's ", kLayout));
    }
    FAIRWAY_RETURN_IF_ERROR(
        Execute(absl::StrCat("BEGIN IMMEDIATE;", kSchema,
                             "PRAGMA user_version=", kLayout, ";COMMIT;")));
    FAIRWAY_RETURN_IF_ERROR(
        QueryInt("SELECT revision FROM store WHERE id = 0;", &revision_));
    return PrepareStatements();
  }

  absl::StatusOr<Change> Create(const std::string& key,
                                const std::string& json) override {
    absl::StatusOr<Document> current = Get(key);
    if (current.ok()) return absl::AlreadyExistsError(key + ": exists");
    if (!absl::IsNotFound(current.status())) return current.status();
    Change change;
    change.document = {key, json, revision_ + 1};
    FAIRWAY_RETURN_IF_ERROR(Write(kInsert, change.document));
    return change;
  }

  absl::StatusOr<Document> Get(const std::string& key) override {
    Statement select(statements_[kSelect]);
    select.Bind(1, key);
    const int step = select.Step();
    if (step == SQLITE_DONE) return absl::NotFoundError(key + ": not found");
    if (step != SQLITE_ROW) return Error("read");
    return Document{key, select.Text(0), select.Int(1)};
  }

  absl::StatusOr<DocumentList> List(const ListRequest& request) override {
    DocumentList list;
    list.revision = revision_;
    Statement select(statements_[kSelectRange]);
    const std::string& from =
        request.after_key.empty() ? request.prefix : request.after_key;
    // '0' follows '/': the first key that is not below the prefix.
    std::string end = request.prefix;
    if (!end.empty()) ++end.back();
    select.Bind(1, from);
    select.Bind(2, end);
    select.Bind(3, request.limit == 0
                       ? int64_t{-1}
                       : static_cast<int64_t>(request.limit) + 1);
    for (;;) {
      const int step = select.Step();
      if (step == SQLITE_DONE) break;
      if (step != SQLITE_ROW) return Error("list");
      if (request.limit != 0 && list.documents.size() == request.limit) {
        list.more = true;
        break;
      }
      list.documents.push_back({select.Text(0), select.Text(1), select.Int(2)});
    }
    return list;
  }

  absl::StatusOr<Change> Update(const std::string& key, const std::string& json,
                                int64_t expected) override {
    return Replace(kUpdate, key, json, expected);
  }

  absl::StatusOr<Change> Delete(const std::string& key,
                                int64_t expected) override {
    return Replace(kDelete, key, "", expected);
  }

  int64_t revision() const override { return revision_; }

 private:
  enum StatementId {
    kSelect,
    kSelectRange,
    kInsert,
    kUpdate,
    kDelete,
    kRevision,
    kBegin,
    kCommit,
    kRollback,
    kStatements
  };

  absl::Status Error(absl::string_view what) {
    const int code = sqlite3_errcode(db_);
    std::string message =
        absl::StrCat(path_, ": ", what, ": ", sqlite3_errmsg(db_));
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
      absl::StrAppend(&message, " (does another kube-apiserver use it?)");
    }
    return absl::UnavailableError(message);
  }

  absl::Status Execute(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) ==
        SQLITE_OK) {
      return absl::OkStatus();
    }
    absl::Status error = Error("open");
    if (!sqlite3_get_autocommit(db_)) {
      sqlite3_exec(db_, "ROLLBACK;", nullptr, nullptr, nullptr);
    }
    return error;
  }

  absl::Status QueryInt(const char* sql, int64_t* value) {
    sqlite3_stmt* stmt = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &stmt, nullptr) != SQLITE_OK) {
      return Error("open");
    }
    const bool row = sqlite3_step(stmt) == SQLITE_ROW;
    if (row) *value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return row ? absl::OkStatus() : Error("open");
  }

  absl::Status PrepareStatements() {
    const char* const kSql[kStatements] = {
        "SELECT json, revision FROM documents WHERE key = ?1",
        "SELECT key, json, revision FROM documents"
        " WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3",
        "INSERT INTO documents (key, json, revision) VALUES (?1, ?2, ?3)",
        "UPDATE documents SET json = ?2, revision = ?3 WHERE key = ?1",
        "DELETE FROM documents WHERE key = ?1",
        "UPDATE store SET revision = ?1 WHERE id = 0",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "ROLLBACK",
    };
    for (int i = 0; i < kStatements; ++i) {
      if (sqlite3_prepare_v3(db_, kSql[i], -1, SQLITE_PREPARE_PERSISTENT,
                             &statements_[i], nullptr) != SQLITE_OK) {
        return Error("open");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Run(StatementId id) {
    Statement statement(statements_[id]);
    return statement.Step() == SQLITE_DONE ? absl::OkStatus() : Error("write");
  }

  absl::Status WriteInTransaction(StatementId id, const Document& document) {
    {
      Statement change(statements_[id]);
      change.Bind(1, document.key);
      if (id != kDelete) {
        change.Bind(2, document.json);
        change.Bind(3, document.revision);
      }
      if (change.Step() != SQLITE_DONE) return Error("write");
    }
    {
      Statement revision(statements_[kRevision]);
      revision.Bind(1, document.revision);
      if (revision.Step() != SQLITE_DONE) return Error("write");
    }
    return Run(kCommit);
  }

  absl::Status Write(StatementId id, const Document& document) {
    FAIRWAY_RETURN_IF_ERROR(Run(kBegin));
    absl::Status written = WriteInTransaction(id, document);
    if (written.ok()) {
      revision_ = document.revision;
    } else if (!sqlite3_get_autocommit(db_)) {
      absl::Status rolled_back = Run(kRollback);
      if (!rolled_back.ok()) return rolled_back;
    }
    return written;
  }

  absl::StatusOr<Change> Replace(StatementId id, const std::string& key,
                                 const std::string& json, int64_t expected) {
    absl::StatusOr<Document> current = Get(key);
    if (!current.ok()) return current.status();
    if (expected != kAnyRevision && expected != current->revision) {
      return absl::AbortedError(absl::StrCat(
          key, ": is at revision ", current->revision, ", not ", expected));
    }
    Change change;
    change.previous_json = std::move(current->json);
    change.document = {key, id == kDelete ? change.previous_json : json,
                       revision_ + 1};
    FAIRWAY_RETURN_IF_ERROR(Write(id, change.document));
    return change;
  }

  sqlite3* db_;
  const std::string path_;
  sqlite3_stmt* statements_[kStatements] = {};
  int64_t revision_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path, absl::Duration lock_timeout) {
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  auto database = std::make_unique<DatabaseImpl>(db, path);
  if (opened != SQLITE_OK) {
    return absl::UnavailableError(absl::StrCat(
        path,
        ": open: ", db == nullptr ? "out of memory" : sqlite3_errmsg(db)));
  }
  FAIRWAY_RETURN_IF_ERROR(database->Prepare(lock_timeout));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace fairway::apiserver::storage::sqlite
