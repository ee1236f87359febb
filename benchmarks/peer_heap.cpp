// The layered case with one std::priority_queue of all events, as in a simulation textbook.
//
//   peer_heap REPLICATIONS SEED SECONDS CHANNELS ROUNDS P  AXES COUNT...
//             LAYERS (OPENS CLOSES REACTION FLIGHT ASSESSMENT)...
//
// prints: microseconds of CPU time per replication, mean leakers, its standard error, mean rounds spent,
// its standard error.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <queue>
#include <random>
#include <tuple>
#include <vector>

struct LayerTimes { double opens, closes, reaction, flight, assessment; };

struct Case {
    double seconds, kill_probability;
    int channels, rounds;
    std::vector<int> salvos;
    std::vector<LayerTimes> times;
};

struct Battery { int layer, free, rounds; };

struct Threat {
    double arrival;
    int axis;
    bool alive, engaged;
    std::uint64_t queued;  // one bit a layer: an entry of this threat is in its queue
};

enum Kind { released = 0, opened = 1 };  // at one time a release is handled before an opening

struct Event {
    double time;
    int kind, threat, index;  // the index: of a battery, or of a layer
    bool operator<(const Event& other) const {  // priority_queue yields the greatest
        if (time != other.time) return time > other.time;
        return std::tie(kind, index, threat) > std::tie(other.kind, other.index, other.threat);
    }
};

struct Waiting {
    double close;
    int threat;
    bool operator<(const Waiting& other) const {
        return close != other.close ? close > other.close : threat > other.threat;
    }
};

template <class T>
struct Heap : std::priority_queue<T> {
    void clear() { this->c.clear(); }  // keeps the memory for the next replication
};

class Defence {
  public:
    Defence(const Case& given, std::uint64_t seed) : c(given), rng(seed) {
        waiting.resize(c.salvos.size() * c.times.size());
    }

    int leaked = 0, spent = 0;

    void replicate() {
        start();
        while (!events.empty()) {
            const Event event = events.top();
            events.pop();
            if (event.kind == opened) open(event);
            else release(event);
        }
        leaked = 0;
        for (const Threat& threat : threats) leaked += threat.alive;
    }

  private:
    const Case& c;
    std::mt19937_64 rng;
    std::vector<Threat> threats;
    std::vector<Battery> batteries;
    std::vector<std::vector<int>> groups;  // batteries of (axis, layer)
    std::vector<Heap<Waiting>> waiting;   // threats available to (axis, layer)
    Heap<Event> events;

    double uniform() { return static_cast<double>(rng() >> 11) * 0x1p-53; }
    int layers() const { return static_cast<int>(c.times.size()); }

    void start() {
        spent = 0;
        threats.clear();
        batteries.clear();
        groups.assign(waiting.size(), {});
        for (auto& queue : waiting) queue.clear();
        for (int axis = 0; axis < static_cast<int>(c.salvos.size()); ++axis) {
            for (int layer = 0; layer < layers(); ++layer) {
                groups[axis * layers() + layer].push_back(static_cast<int>(batteries.size()));
                batteries.push_back({layer, c.channels, c.rounds});
            }
            for (int i = 0; i < c.salvos[axis]; ++i) launch(axis);
        }
    }

    void launch(int axis) {
        const int index = static_cast<int>(threats.size());
        threats.push_back({uniform() * c.seconds, axis, true, false, 0});
        for (int layer = 0; layer < layers(); ++layer)
            events.push({threats[index].arrival + c.times[layer].opens, opened, index, layer});
    }

    void open(const Event& event) {
        Threat& threat = threats[event.threat];
        if (!threat.alive || threat.engaged) return;  // engaged: its release tries all windows
        enqueue(event.threat, event.index);
        serve(threat.axis, event.index, event.time);
    }

    void enqueue(int index, int layer) {
        Threat& threat = threats[index];
        const std::uint64_t bit = std::uint64_t{1} << layer;
        if (threat.queued & bit) return;
        threat.queued |= bit;
        const double close = threat.arrival + c.times[layer].closes;
        waiting[threat.axis * layers() + layer].push({close, index});
    }

    void release(const Event& event) {
        Battery& battery = batteries[event.index];
        Threat& threat = threats[event.threat];
        ++battery.free;
        threat.engaged = false;
        threat.alive = uniform() >= c.kill_probability;
        std::uint64_t concerned = std::uint64_t{1} << battery.layer;
        for (int layer = 0; threat.alive && layer < layers(); ++layer) {
            const LayerTimes& of = c.times[layer];
            if (event.time < threat.arrival + of.opens) break;
            if (event.time + of.reaction + of.flight > threat.arrival + of.closes) continue;
            enqueue(event.threat, layer);
            concerned |= std::uint64_t{1} << layer;
        }
        for (int layer = 0; layer < layers(); ++layer)
            if (concerned >> layer & 1) serve(threat.axis, layer, event.time);
    }

    void serve(int axis, int layer, double now) {
        std::vector<int>& group = groups[axis * layers() + layer];
        if (group.size() > 1)
            std::stable_sort(group.begin(), group.end(), [this](int a, int b) {
                return batteries[a].rounds > batteries[b].rounds;
            });
        for (const int index : group) shoot(index, waiting[axis * layers() + layer], now);
    }

    void shoot(int index, Heap<Waiting>& queue, double now) {
        Battery& battery = batteries[index];
        const LayerTimes& of = c.times[battery.layer];
        while (battery.free && battery.rounds && !queue.empty()) {
            const Waiting first = queue.top();
            queue.pop();
            Threat& threat = threats[first.threat];
            threat.queued &= ~(std::uint64_t{1} << battery.layer);
            if (!threat.alive || threat.engaged) continue;
            if (now + of.reaction + of.flight > first.close) continue;
            threat.engaged = true;
            --battery.free;
            --battery.rounds;
            ++spent;
            const double end = now + of.reaction + of.flight + of.assessment;
            events.push({end, released, first.threat, index});
        }
    }
};

struct Mean {
    double sum = 0, squares = 0;
    int n = 0;
    void add(double x) { sum += x; squares += x * x; ++n; }
    double mean() const { return sum / n; }
    double error() const {
        return n < 2 ? 0 : std::sqrt(std::max(0.0, squares - sum * sum / n) / (n - 1) / n);
    }
};

int main(int argc, char** argv) {
    int at = 0;
    const auto next = [&] { return ++at < argc ? std::atof(argv[at]) : 0.0; };
    const int replications = static_cast<int>(next());
    const auto seed = static_cast<std::uint64_t>(next());
    Case c;
    c.seconds = next();
    c.channels = static_cast<int>(next());
    c.rounds = static_cast<int>(next());
    c.kill_probability = next();
    c.salvos.resize(static_cast<std::size_t>(next()));
    for (int& count : c.salvos) count = static_cast<int>(next());
    c.times.resize(static_cast<std::size_t>(next()));
    for (LayerTimes& of : c.times) {
        of.opens = next(), of.closes = next();
        of.reaction = next(), of.flight = next(), of.assessment = next();
    }
    Defence defence(c, seed);
    Mean leaked, spent;
    const std::clock_t begin = std::clock();
    for (int k = 0; k < replications; ++k) {
        defence.replicate();
        leaked.add(defence.leaked);
        spent.add(defence.spent);
    }
    const double took = 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("%.4f %.10g %.10g %.10g %.10g\n", took / replications, leaked.mean(),
                leaked.error(), spent.mean(), spent.error());
}
