/// Objects and detections of one class in all pictures, and which detection finds which object (cocoeval.py,
/// evaluateImg).
struct ClassEvaluation {
  struct Object {
    let image: Int
    /// Place in its file.
    let order: Int
    let id: Int
    let box: Box
    let area: Double
    let isCrowd: Bool
  }

  struct Detection {
    let image: Int
    /// Place in its file.
    let order: Int
    let box: Box
    let score: Double
  }

  /// Picture by picture.
  private let objects: [Object]
  /// Picture by picture, in each by falling score, as many as count.
  private let detections: [Detection]
  /// Place among the detections of its picture, by detection.
  private let ranks: [Int]

  init(objects: [Object], detections: [Detection]) {
    self.objects = objects.sorted { ($0.image, $0.order) < ($1.image, $1.order) }
    let sorted = detections.sorted { ($0.image, -$0.score, $0.order) < ($1.image, -$1.score, $1.order) }
    let limit = Evaluator.limits.max() ?? 0
    var kept: [Detection] = []
    var ranks: [Int] = []
    for detection in sorted {
      let rank = if let last = ranks.last, kept.last?.image == detection.image { last + 1 } else { 0 }
      guard rank < limit else { continue }
      kept.append(detection)
      ranks.append(rank)
    }
    self.detections = kept
    self.ranks = ranks
  }

  func matches() -> ClassMatches {
    let order = detections.indices.sorted { (-detections[$0].score, $0) < (-detections[$1].score, $1) }
    var places = [Int](repeating: 0, count: order.count)
    for (place, index) in order.enumerated() { places[index] = place }
    var matches = ClassMatches(
      scores: order.map { detections[$0].score }, ranks: order.map { ranks[$0] },
      objectCounts: Evaluator.AreaRange.allCases.map { area in objects.count { !isIgnored($0, in: area) } })

    var (firstDetection, firstObject) = (0, 0)
    while firstDetection < detections.count {
      let image = detections[firstDetection].image
      let detectionsEnd = detections[firstDetection...].firstIndex { $0.image > image } ?? detections.count
      firstObject = objects[firstObject...].firstIndex { $0.image >= image } ?? objects.count
      let objectsEnd = objects[firstObject...].firstIndex { $0.image > image } ?? objects.count
      match(firstDetection..<detectionsEnd, with: firstObject..<objectsEnd) {
        area, threshold, index, outcome in
        matches[area, threshold, places[index]] = outcome
      }
      (firstDetection, firstObject) = (detectionsEnd, objectsEnd)
    }
    return matches
  }

  /// Crowds, and objects of another size, need not be found.
  private func isIgnored(_ object: Object, in area: Evaluator.AreaRange) -> Bool {
    object.isCrowd || !area.bounds.contains(object.area)
  }

  /// One picture: the best detections first, each takes the free object that it covers best.
  private func match(
    _ found: Range<Int>, with truth: Range<Int>,
    record: (Evaluator.AreaRange, _ threshold: Int, _ detection: Int, ClassMatches.Outcome) -> Void
  ) {
    let overlaps = found.map { detection in
      truth.map { detections[detection].box.overlap(objects[$0].box, isCrowd: objects[$0].isCrowd) }
    }
    var isTaken = [Bool](repeating: false, count: truth.count)
    for area in Evaluator.AreaRange.allCases {
      // Objects to be found before those to be ignored, otherwise as in the file.
      let wanted = truth.filter { !isIgnored(objects[$0], in: area) }
      let candidates = wanted + truth.filter { isIgnored(objects[$0], in: area) }
      for (level, threshold) in Evaluator.thresholds.enumerated() {
        for index in isTaken.indices { isTaken[index] = false }
        for detection in found {
          var best = min(threshold, 1 - 1e-10)
          var choice: Int?
          for (place, candidate) in candidates.enumerated() {
            if isTaken[place], !objects[candidate].isCrowd { continue }
            // Once a wanted object is found, one to be ignored is no better.
            if let choice, choice < wanted.count, place >= wanted.count { break }
            let overlap = overlaps[detection - found.lowerBound][candidate - truth.lowerBound]
            if overlap < best { continue }
            best = overlap
            choice = place
          }
          if let choice { isTaken[choice] = true }
          // pycocotools writes down the id of the object, and reads 0 as none.
          let isMatched = choice.map { objects[candidates[$0]].id != 0 } ?? false
          let isOutside = !area.bounds.contains(detections[detection].box.area)
          let isIgnored = choice.map { $0 >= wanted.count } ?? false || !isMatched && isOutside
          record(
            area, level, detection, isIgnored ? .ignored : isMatched ? .truePositive : .falsePositive)
        }
      }
    }
  }
}

/// What came of the detections of one class in all pictures.
struct ClassMatches: Sendable {
  enum Outcome: UInt8, Sendable {
    case falsePositive, truePositive
    /// Counts neither way.
    case ignored
  }

  /// Falling.
  let scores: [Double]
  /// Place among the detections of its picture, by detection.
  let ranks: [Int]
  /// Objects that should be found, by area range.
  let objectCounts: [Int]
  /// [area range, threshold, detection]
  private var outcomes: [Outcome]

  init(scores: [Double], ranks: [Int], objectCounts: [Int]) {
    self.scores = scores
    self.ranks = ranks
    self.objectCounts = objectCounts
    outcomes = Array(
      repeating: .falsePositive, count: objectCounts.count * Evaluator.thresholds.count * scores.count)
  }

  subscript(area: Evaluator.AreaRange, threshold: Int, detection: Int) -> Outcome {
    get { outcomes[(area.rawValue * Evaluator.thresholds.count + threshold) * scores.count + detection] }
    set {
      outcomes[(area.rawValue * Evaluator.thresholds.count + threshold) * scores.count + detection] = newValue
    }
  }
}
