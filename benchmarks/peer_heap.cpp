// A raid with one std::priority_queue of all events, as in a simulation textbook.
//
//   peer_heap REPLICATIONS SEED CLASSES AXES LAYERS POST... WINDOW... SALVOS SALVO...
//
// A post, by axis and then by layer, outermost first: BATTERIES CHANNELS ROUNDS RESERVED REACTION
// FLIGHT ASSESSMENT. A window, by axis, class, and then layer: OPENS CLOSES SOFT_KILL DETECTION
// DISMISSAL SALVO_SIZE A B; the kill probability is A, or drawn from beta(A, B) if B is above 0.
// A salvo: THREATS CLASS AXIS START STOP PRIORITY DECOY.
//
// prints: microseconds of CPU time per replication, mean leakers, its standard error, mean rounds spent,
// its standard error.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <queue>
#include <random>
#include <tuple>
#include <vector>

constexpr double never = std::numeric_limits<double>::infinity();

struct Window {
    double opens, closes, soft_kill, detection, dismissal;
    int salvo_size;
    double a, b;
};

struct Post {
    int batteries, channels, rounds, reserved;
    double reaction, flight, assessment;
};

struct Salvo {
    int threats, kind, axis;
    double start, stop;
    int priority, decoy;
};

struct Case {
    int classes, axes, layers;
    std::vector<Post> posts;      // by axis, then by layer
    std::vector<Window> windows;  // by axis, then by class, then by layer
    std::vector<Salvo> salvos;
};

struct Battery { int free, rounds; };

enum Kind { released = 0, opened = 1 };  // at one time a release is handled before an opening

struct Event {
    double time;
    int kind, threat, layer, battery;
    bool operator<(const Event& other) const {  // priority_queue yields the greatest
        if (time != other.time) return time > other.time;
        return std::tie(kind, layer, threat) > std::tie(other.kind, other.layer, other.threat);
    }
};

struct Waiting {
    int priority, threat;
    double close;
    bool operator<(const Waiting& other) const {
        if (priority != other.priority) return priority < other.priority;
        return close != other.close ? close > other.close : threat > other.threat;
    }
};

template <class T>
struct Heap : std::priority_queue<T> {
    void clear() { this->c.clear(); }  // keeps the memory for the next replication
};

struct Station {
    const Post* post;
    std::vector<Battery> batteries;
    std::vector<int> order;
    std::vector<double> kills;  // by class, of this replication
    Heap<Waiting> waiting;      // threats available to it
};

struct Threat {
    double arrival, death;
    const Salvo* salvo;
    const Window* windows;  // of each layer, and the stations there
    Station* stations;
    bool engaged;
    std::uint64_t held, queued;  // one bit a layer: it is available to it; it is in its queue
};

class Defence {
  public:
    Defence(const Case& given, std::uint64_t seed) : c(given), rng(seed) {
        stations.resize(c.posts.size());
        for (std::size_t i = 0; i < c.posts.size(); ++i) {
            stations[i].post = &c.posts[i];
            stations[i].kills.resize(c.classes);
            stations[i].batteries.resize(c.posts[i].batteries);
            for (int b = 0; b < c.posts[i].batteries; ++b) stations[i].order.push_back(b);
        }
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
        for (const Threat& threat : threats)
            leaked += threat.death == never && !threat.salvo->decoy;
    }

  private:
    const Case& c;
    std::mt19937_64 rng;
    std::vector<Threat> threats;
    std::vector<Station> stations;  // by axis, then by layer
    Heap<Event> events;

    double uniform() { return static_cast<double>(rng() >> 11) * 0x1p-53; }
    bool happens(double p) { return p > 0 && (p >= 1 || uniform() < p); }

    double beta(double a, double b) {
        const double x = std::gamma_distribution<double>(a)(rng);
        return x / (x + std::gamma_distribution<double>(b)(rng));
    }

    Station& station(const Threat& threat, int layer) { return threat.stations[layer]; }

    const Window& window(const Threat& threat, int layer) { return threat.windows[layer]; }

    void start() {
        spent = 0;
        threats.clear();
        for (Station& of : stations) {
            const Post& post = *of.post;
            std::fill(of.batteries.begin(), of.batteries.end(), Battery{post.channels, post.rounds});
            std::sort(of.order.begin(), of.order.end());
            of.waiting.clear();
        }
        for (int axis = 0; axis < c.axes; ++axis)
            for (int kind = 0; kind < c.classes; ++kind)
                for (int layer = 0; layer < c.layers; ++layer) {
                    const Window& w = c.windows[(axis * c.classes + kind) * c.layers + layer];
                    const double p = w.b > 0 ? beta(w.a, w.b) : w.a;
                    stations[axis * c.layers + layer].kills[kind] = p;
                }
        for (const Salvo& salvo : c.salvos)
            for (int i = 0; i < salvo.threats; ++i) launch(salvo);
    }

    void launch(const Salvo& salvo) {
        const int index = static_cast<int>(threats.size());
        const double arrival = salvo.start + uniform() * (salvo.stop - salvo.start);
        const Window* windows = &c.windows[(salvo.axis * c.classes + salvo.kind) * c.layers];
        Station* own = &stations[salvo.axis * c.layers];
        threats.push_back({arrival, never, &salvo, windows, own, false, 0, 0});
        for (int layer = 0; layer < c.layers; ++layer) {
            const Window& w = window(threats[index], layer);
            if (w.soft_kill > 0 || w.salvo_size > 0)
                events.push({arrival + w.opens, opened, index, layer, 0});
        }
    }

    void open(const Event& event) {
        Threat& threat = threats[event.threat];
        if (threat.death <= event.time) return;
        const Window& w = window(threat, event.layer);
        if (happens(w.soft_kill)) {
            threat.death = event.time;
            return;
        }
        if (!w.salvo_size || !happens(w.detection) || happens(w.dismissal)) return;
        threat.held |= std::uint64_t{1} << event.layer;
        if (threat.engaged) return;  // its release tries all windows
        enqueue(event.threat, event.layer);
        serve(station(threat, event.layer), event.layer, event.time);
    }

    void enqueue(int index, int layer) {
        Threat& threat = threats[index];
        const std::uint64_t bit = std::uint64_t{1} << layer;
        if (threat.queued & bit) return;
        threat.queued |= bit;
        const double close = threat.arrival + window(threat, layer).closes;
        station(threat, layer).waiting.push({threat.salvo->priority, index, close});
    }

    void release(const Event& event) {
        Threat& threat = threats[event.threat];
        ++station(threat, event.layer).batteries[event.battery].free;
        threat.engaged = false;
        std::uint64_t concerned = std::uint64_t{1} << event.layer;
        if (threat.death == never) {
            for (int layer = 0; layer < c.layers; ++layer) {
                if (!(threat.held >> layer & 1)) continue;
                const Post& post = *station(threat, layer).post;
                const double close = threat.arrival + window(threat, layer).closes;
                if (event.time + post.reaction + post.flight > close) continue;
                enqueue(event.threat, layer);
                concerned |= std::uint64_t{1} << layer;
            }
        }
        for (int layer = 0; layer < c.layers; ++layer)
            if (concerned >> layer & 1) serve(station(threat, layer), layer, event.time);
    }

    void serve(Station& of, int layer, double now) {
        if (of.waiting.empty()) return;
        if (of.order.size() > 1)
            std::sort(of.order.begin(), of.order.end(), [&of](int a, int b) {
                const int more = of.batteries[a].rounds - of.batteries[b].rounds;
                return more ? more > 0 : a < b;
            });
        for (const int battery : of.order) shoot(of, layer, battery, now);
    }

    void shoot(Station& of, int layer, int index, double now) {
        Battery& battery = of.batteries[index];
        const Post& post = *of.post;
        const double hit = now + post.reaction + post.flight;
        while (battery.free && battery.rounds && !of.waiting.empty()) {
            const Waiting first = of.waiting.top();
            Threat& threat = threats[first.threat];
            const bool gone = threat.death < never || threat.engaged || hit > first.close;
            const int available = battery.rounds - (first.priority > 0 ? 0 : post.reserved);
            if (!gone && available <= 0) return;  // nor for the others: no higher priority
            of.waiting.pop();
            threat.queued &= ~(std::uint64_t{1} << layer);
            if (gone) continue;
            const int kind = threat.salvo->kind;
            const int rounds = std::min(available, window(threat, layer).salvo_size);
            threat.engaged = true;
            --battery.free;
            battery.rounds -= rounds;
            spent += rounds;
            for (int i = 0; i < rounds && threat.death == never; ++i)
                if (happens(of.kills[kind])) threat.death = hit;
            events.push({hit + post.assessment, released, first.threat, layer, index});
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
    const auto whole = [&] { return static_cast<int>(next()); };
    const int replications = whole();
    const auto seed = static_cast<std::uint64_t>(next());
    Case c;
    c.classes = whole(), c.axes = whole(), c.layers = whole();
    c.posts.resize(c.axes * c.layers);
    for (Post& of : c.posts) {
        of.batteries = whole(), of.channels = whole(), of.rounds = whole(), of.reserved = whole();
        of.reaction = next(), of.flight = next(), of.assessment = next();
    }
    c.windows.resize(c.axes * c.classes * c.layers);
    for (Window& w : c.windows) {
        w.opens = next(), w.closes = next(), w.soft_kill = next(), w.detection = next();
        w.dismissal = next(), w.salvo_size = whole(), w.a = next(), w.b = next();
    }
    c.salvos.resize(whole());
    for (Salvo& of : c.salvos) {
        of.threats = whole(), of.kind = whole(), of.axis = whole();
        of.start = next(), of.stop = next(), of.priority = whole(), of.decoy = whole();
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
