/// Matches the detections of one class with its objects in all images (cocoeval.py, evaluateImg).
struct ClassEvaluation {
  struct Object {
    let image: Int
    /// Index in its file.
    let order: Int
    let id: Int
    let box: Box
    let area: Double
    let isCrowd: Bool
  }

  struct Detection {
    let image: Int
    /// Index in its file.
    let order: Int
    let box: Box
    let score: Double
  }

  /// Sorted by image.
  private let objects: [Object]
  /// Sorted by image, then by falling score, up to the largest limit per image.
  private let detections: [Detection]
  /// Rank of each detection in its image.
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

  /// Whether an object may be missed without a penalty: crowds, and objects outside the area range.
  private func isIgnored(_ object: Object, in area: Evaluator.AreaRange) -> Bool {
    object.isCrowd || !area.bounds.contains(object.area)
  }

  /// Matches one image: in order of falling score, each detection takes the free object of highest IoU.
  private func match(
    _ detectionRange: Range<Int>, with truth: Range<Int>,
    record: (Evaluator.AreaRange, _ threshold: Int, _ detection: Int, ClassMatches.Outcome) -> Void
  ) {
    let ious = detectionRange.map { detection in
      truth.map { detections[detection].box.iou(objects[$0].box, isCrowd: objects[$0].isCrowd) }
    }
    var isTaken = [Bool](repeating: false, count: truth.count)
    for area in Evaluator.AreaRange.allCases {
      // Objects that count before ignored ones, otherwise in file order.
      let counted = truth.filter { !isIgnored(objects[$0], in: area) }
      let candidates = counted + truth.filter { isIgnored(objects[$0], in: area) }
      for (level, threshold) in Evaluator.thresholds.enumerated() {
        for index in isTaken.indices { isTaken[index] = false }
        for detection in detectionRange {
          var best = min(threshold, 1 - 1e-10)
          var choice: Int?
          for (place, candidate) in candidates.enumerated() {
            if isTaken[place], !objects[candidate].isCrowd { continue }
            // A match with an object that counts is never replaced by an ignored one.
            if let choice, choice < counted.count, place >= counted.count { break }
            let iou = ious[detection - detectionRange.lowerBound][candidate - truth.lowerBound]
            if iou < best { continue }
            best = iou
            choice = place
          }
          if let choice { isTaken[choice] = true }
          // pycocotools stores the id of the object and reads 0 as unmatched.
          let isMatched = choice.map { objects[candidates[$0]].id != 0 } ?? false
          let isOutside = !area.bounds.contains(detections[detection].box.area)
          let isIgnored = choice.map { $0 >= counted.count } ?? false || !isMatched && isOutside
          record(
            area, level, detection, isIgnored ? .ignored : isMatched ? .truePositive : .falsePositive)
        }
      }
    }
  }
}
