// SPDX-License-Identifier: Apache-2.0
#include "container_json.h"

#include <cstdint>

namespace peregrine::state {

namespace {

/** Deeper metadata is not looked into: it counts as no JSON. */
constexpr int kDeepest = 128;

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

/**
 * Goes through a JSON text once, front to back. Whatever stands where it must not ends it: `failed()` is then true, and
 * what was found until then counts for nothing.
 */
class Json {
 public:
  explicit Json(std::string_view text) : text_(text) {}

  /** What an object says of its id, and what it says of a container in it. The last of equal keys counts. */
  struct Found {
    bool is_object = false;
    std::optional<std::string> id;
    bool has_container = false;  // an object, a list or null: then it is what counts
    std::optional<std::string> container_id;
  };

  /** Reads all of the text. */
  Found document() {
    Found found = value(2);
    space();
    if (at_ != text_.size()) fail();
    return found;
  }
  bool failed() const { return is_failed_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (is_failed_ || at_ >= text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  void fail() {
    is_failed_ = true;
    at_ = text_.size();
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) at_++;
  }

  /** @param levels objects from here on that ids are wanted of */
  Found value(int levels) {
    Found found;
    space();
    if (++depth_ > kDeepest) fail();
    switch (peek()) {
      case '{':
        found = object(levels);
        break;
      case '[':
        list();
        break;
      case '"':
        string();
        break;
      case 't':
        word("true");
        break;
      case 'f':
        word("false");
        break;
      case 'n':
        word("null");
        break;
      default:
        number();
    }
    depth_--;
    return found;
  }

  Found object(int levels) {
    Found found;
    found.is_object = true;
    expect('{');
    space();
    if (accept('}')) return found;
    do {
      space();
      const std::string key = string();
      space();
      expect(':');
      space();
      if (levels > 0 && key == "id") {
        found.id.reset();
        if (peek() == '"') {
          found.id = string();
        } else {
          value(0);
        }
      } else if (levels > 1 && key == "container") {
        found.has_container = peek() == '{' || peek() == '[' || peek() == 'n';
        found.container_id = value(1).id;
      } else {
        value(0);
      }
      space();
    } while (accept(','));
    expect('}');
    return found;
  }

  void list() {
    expect('[');
    space();
    if (accept(']')) return;
    do {
      value(0);
      space();
    } while (accept(','));
    expect(']');
  }

  void word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return fail();
    at_ += wanted.size();
  }

  bool digits() {
    const size_t start = at_;
    while (peek() >= '0' && peek() <= '9') at_++;
    return at_ > start;
  }

  void number() {
    accept('-');
    if (!accept('0') && !digits()) return fail();
    if (accept('.') && !digits()) return fail();
    if (accept('e') || accept('E')) {
      if (!accept('+')) accept('-');
      if (!digits()) return fail();
    }
  }

  std::string string() {
    std::string out;
    expect('"');
    while (!is_failed_) {
      if (at_ >= text_.size() || static_cast<uint8_t>(text_[at_]) < 0x20) {
        fail();
      } else if (accept('"')) {
        break;
      } else if (accept('\\')) {
        escape(out);
      } else {
        out += text_[at_++];
      }
    }
    return out;
  }

  void escape(std::string& out) {
    const char c = peek();
    if (at_ < text_.size()) at_++;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case 'u': {
        uint32_t code = hex4();
        const bool is_high = code >= 0xd800 && code < 0xdc00;
        if (is_high && text_.substr(at_, 2) == "\\u") {
          at_ += 2;
          const uint32_t low = hex4();
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          } else {
            append_utf8(out, code);
            code = low;
          }
        }
        append_utf8(out, code);
        return;
      }
      default:
        fail();
    }
  }

  uint32_t hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
      const char c = peek();
      uint32_t digit;
      if (c >= '0' && c <= '9') {
        digit = static_cast<uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        fail();
        return 0;
      }
      code = code << 4 | digit;
      at_++;
    }
    return code;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool is_failed_ = false;
};

}  // namespace

std::optional<std::string> id_in_container_json(std::string_view json) {
  Json text(json);
  const Json::Found found = text.document();
  if (text.failed() || !found.is_object) return std::nullopt;
  return found.has_container ? found.container_id : found.id;
}

}  // namespace peregrine::state
