// A small coverage-guided fuzzer for compilers without libFuzzer: the target is built with -fsanitize-coverage=trace-pc, this
// file is not. Arguments: DIR SECONDS SEED. Runs every file of DIR, then mutates them and keeps there what reaches new code.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using Input = std::vector<uint8_t>;

extern "C" void runInput(const uint8_t* bytes, size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr size_t kMapSize = 1 << 16;
constexpr size_t kMaxInput = 8192;

uint8_t hits[kMapSize];
bool seen[kMapSize];
uintptr_t previous;
Input current;
std::string folder;
std::mt19937 dice;

uint32_t roll(uint32_t below) { return below == 0 ? 0 : dice() % below; }

std::string nameOf(const Input& input) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const uint8_t byte : input) hash = (hash ^ byte) * 0x100000001b3;
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

void save(const std::string& name, const Input& input) {
  std::ofstream file(folder + "/" + name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
}

void saveCrash() {
  const std::string name = "crash-" + nameOf(current);
  save(name, current);
  fprintf(stderr, "input saved as %s/%s\n", folder.c_str(), name.c_str());
}

// True when the input took an edge that none before it took.
bool execute(const Input& input) {
  current = input;
  current.shrink_to_fit();
  memset(hits, 0, sizeof hits);
  previous = 0;
  runInput(current.data(), current.size());
  bool isNew = false;
  for (size_t i = 0; i < kMapSize; i++) {
    if (hits[i] == 0 || seen[i]) continue;
    seen[i] = true;
    isNew = true;
  }
  return isNew;
}

std::vector<Input> load() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Input> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

Input mutate(Input input, const std::vector<Input>& corpus) {
  static const uint8_t kInteresting[] = {0, 1, 2, 5, 6, 17, 20, 28, 40, 60, 63, 64, 0x45, 0x60, 127, 128, 254, 255};
  for (uint32_t changes = 1 + roll(4); changes > 0; changes--) {
    const uint32_t at = roll(static_cast<uint32_t>(input.size()));
    switch (input.empty() ? 3 : roll(7)) {
      case 0:
        input[at] ^= static_cast<uint8_t>(1 << roll(8));
        break;
      case 1:
        input[at] = kInteresting[roll(sizeof kInteresting)];
        break;
      case 2:
        input[at] = static_cast<uint8_t>(dice());
        break;
      case 3:
        input.insert(input.begin() + at, 1 + roll(32), static_cast<uint8_t>(dice()));
        break;
      case 4:
        input.erase(input.begin() + at, input.begin() + at + 1 + roll(std::min<uint32_t>(64, input.size() - at)));
        break;
      case 5: {
        // The tail of another one.
        const Input& other = corpus[roll(static_cast<uint32_t>(corpus.size()))];
        const uint32_t from = roll(static_cast<uint32_t>(other.size()));
        input.resize(at);
        input.insert(input.end(), other.begin() + from, other.end());
        break;
      }
      case 6: {
        // A piece of itself once more: packets that follow each other.
        const Input copy(input.begin() + at, input.begin() + at + roll(static_cast<uint32_t>(input.size() - at)));
        input.insert(input.end(), copy.begin(), copy.end());
        break;
      }
    }
  }
  if (input.size() > kMaxInput) input.resize(kMaxInput);
  return input;
}

int run(double seconds, uint32_t seed) {
  dice.seed(seed);
  std::vector<Input> corpus = load();
  for (const Input& input : corpus) execute(input);
  if (corpus.empty()) corpus.push_back({0});
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint64_t runs = 0;
  uint64_t found = 0;
  while (std::chrono::steady_clock::now() < end) {
    for (int burst = 0; burst < 256; burst++, runs++) {
      const Input input = mutate(corpus[roll(static_cast<uint32_t>(corpus.size()))], corpus);
      if (!execute(input)) continue;
      save(nameOf(input), input);
      corpus.push_back(input);
      found++;
    }
  }
  printf("clean: %llu runs, %zu inputs, %llu of them new\n", static_cast<unsigned long long>(runs), corpus.size(),
         static_cast<unsigned long long>(found));
  return 0;
}

}  // namespace

// The compiler calls it at every basic block of the target.
extern "C" void __sanitizer_cov_trace_pc() {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  hits[(here ^ previous) % kMapSize] = 1;
  previous = here >> 1;
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  folder = arguments[1];
  __sanitizer_set_death_callback(saveCrash);
  return run(atof(arguments[2]), static_cast<uint32_t>(atoi(arguments[3])));
}
