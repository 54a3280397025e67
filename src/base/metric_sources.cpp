// What every process reports about itself: the kernel's figures, its pools, its memory accounts.
#include "base/executor.h"
#include "base/memory_accounts.h"
#include "base/metrics.h"
#include "base/process_figures.h"

namespace kith {
namespace {

using Read = MetricsRegistry::Read;
using Emit = MetricsRegistry::Emit;

Read single(std::function<double()> read) {
  return [read = std::move(read)](const Emit& emit) { emit({}, read()); };
}

Read labelled(std::string label, std::function<double()> read) {
  return [label = std::move(label), read = std::move(read)](const Emit& emit) { emit({label}, read()); };
}

}  // namespace

std::vector<MetricCallback> add_process_metrics(MetricsRegistry& metrics) {
  std::vector<MetricCallback> out;
  const auto add = [&](std::string_view name, std::string_view help, MetricType type,
                       std::function<double()> read) {
    out.push_back(metrics.add_callback(name, help, type, {}, single(std::move(read))));
  };
  add("process_cpu_seconds_total", "User and system CPU time spent.", MetricType::counter,
      [] { return read_process_figures().cpu_seconds; });
  add("process_resident_memory_bytes", "Resident memory size.", MetricType::gauge,
      [] { return static_cast<double>(process_resident_bytes()); });
  add("process_virtual_memory_bytes", "Virtual memory size.", MetricType::gauge,
      [] { return static_cast<double>(read_process_figures().virtual_bytes); });
  add("process_open_fds", "Open file descriptors.", MetricType::gauge,
      [] { return static_cast<double>(read_process_figures().open_fds); });
  add("process_max_fds", "Most file descriptors that may be open.", MetricType::gauge,
      [] { return static_cast<double>(read_process_figures().max_fds); });
  const double started = read_process_figures().start_time_unix_seconds;
  add("process_start_time_seconds", "Start of the process, in seconds since 1970.", MetricType::gauge,
      [started] { return started; });
  return out;
}

std::vector<MetricCallback> add_pool_metrics(MetricsRegistry& metrics, const Pool& pool) {
  std::vector<MetricCallback> out;
  const auto add = [&](std::string_view name, std::string_view help, MetricType type,
                       std::function<double()> read) {
    out.push_back(metrics.add_callback(name, help, type, {"pool"}, labelled(pool.name(), std::move(read))));
  };
  add("kith_pool_threads", "Threads of a pool.", MetricType::gauge,
      [&pool] { return static_cast<double>(pool.threads()); });
  add("kith_pool_busy_threads", "Threads of a pool that run a task.", MetricType::gauge,
      [&pool] { return static_cast<double>(pool.busy_threads()); });
  add("kith_pool_queue_depth", "Tasks that wait for a thread.", MetricType::gauge,
      [&pool] { return static_cast<double>(pool.queue_depth()); });
  add("kith_pool_tasks_total", "Tasks done.", MetricType::counter,
      [&pool] { return static_cast<double>(pool.tasks_done()); });
  add("kith_pool_refused_total", "Tasks refused because the queue was full.", MetricType::counter,
      [&pool] { return static_cast<double>(pool.tasks_refused()); });
  return out;
}

std::vector<MetricCallback> add_memory_metrics(MetricsRegistry& metrics, const MemoryBudget& budget) {
  std::vector<MetricCallback> out;
  out.push_back(metrics.add_callback("kith_memory_bytes", "Bytes held, by component.", MetricType::gauge,
                                     {"component"}, [&budget](const Emit& emit) {
                                       for (const auto& line : budget.report().accounts) {
                                         emit({line.name}, static_cast<double>(line.bytes));
                                       }
                                     }));
  out.push_back(metrics.add_gauge("kith_memory_limit_bytes", "Memory budget; 0 is none.",
                                  [&budget] { return static_cast<double>(budget.limit()); }));
  return out;
}

}  // namespace kith
