// SPDX-License-Identifier: Apache-2.0
#include "proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/sysmacros.h>
#endif

#include <algorithm>
#include <cstdlib>

namespace peregrine {

std::string read_text(const std::string& path, size_t most) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  constexpr size_t kPiece = 8192;
  while (text.size() < most) {
    const size_t had = text.size();
    const size_t wanted = std::min(kPiece, most - had);
    text.resize(had + wanted);
    const ssize_t got = read(fd, text.data() + had, wanted);
    text.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got <= 0) break;
  }
  close(fd);
  return text;
}

std::string read_link(const std::string& path) {
  char target[4097];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<size_t>(size)) : std::string();
}

std::vector<int64_t> numbers_in(const std::string& folder) {
  std::vector<int64_t> numbers;
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return numbers;
  while (const dirent* entry = readdir(entries)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') numbers.push_back(std::strtoll(entry->d_name, nullptr, 10));
  }
  closedir(entries);
  return numbers;
}

uint64_t number_at(std::string_view text, int base) {
  size_t i = 0;
  while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) i++;
  uint64_t value = 0;
  for (; i < text.size(); i++) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
    if (digit >= base) break;
    value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
  return value;
}

std::string_view value_of(std::string_view text, std::string_view name) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
    at = end + 1;
  }
  return {};
}

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& use) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    use(text.substr(at, end - at));
    at = end + 1;
  }
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  size_t i = 0;
  while (i < line.size()) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t')) i++;
    const size_t start = i;
    while (i < line.size() && line[i] != ' ' && line[i] != '\t') i++;
    if (i > start) words.push_back(line.substr(start, i - start));
  }
  return words;
}

uint32_t device_number(dev_t device) {
  const uint32_t major_number = major(device);
  const uint32_t minor_number = minor(device);
  return (minor_number & 0xff) | (major_number << 8) | ((minor_number & ~0xffu) << 12);
}

}  // namespace peregrine
