/// COCO's evaluation of boxes, number for number as pycocotools gives it (cocoeval.py): `evaluate` each picture and
/// category, `accumulate` precision over recall, `summarize`.
package struct Evaluator {
  /// 0.50, 0.55, ... 0.95
  package static let thresholds = (0..<10).map { 0.5 + 0.05 * Double($0) }
  /// 0, 0.01, ... 1
  package static let recalls = (0...100).map { Double($0) / 100 }
  private static let maxDetections = [1, 10, 100]

  package enum AreaRange: CaseIterable, Sendable {
    case all, small, medium, large

    /// In square pixels, both ends included.
    var bounds: ClosedRange<Double> {
      switch self {
      case .all: 0...1e10
      case .small: 0...1024
      case .medium: 1024...9216
      case .large: 9216...1e10
      }
    }
  }

  /// What came of one picture and category in one area range.
  private struct Matches {
    /// By falling score.
    let scores: [Double]
    /// `[threshold][detection]`: found an object.
    let isMatched: [[Bool]]
    /// `[threshold][detection]`: counts neither way.
    let isIgnored: [[Bool]]
    /// Objects that should be found.
    let objectCount: Int
  }

  private let annotations: Annotations
  private let objects: [Int: [Int: [Annotations.Object]]]
  private let results: [Int: [Int: [Result]]]

  package init(annotations: Annotations, results: [Result]) {
    self.annotations = annotations
    let known = Set(annotations.images.map(\.id))
    objects = Dictionary(
      grouping: annotations.objects.filter { known.contains($0.imageID) }, by: \.categoryID
    )
    .mapValues { Dictionary(grouping: $0, by: \.imageID) }
    self.results = Dictionary(grouping: results.filter { known.contains($0.imageID) }, by: \.categoryID)
      .mapValues { Dictionary(grouping: $0, by: \.imageID) }
  }

  package func summary() -> Summary {
    let imageIDs = annotations.images.map(\.id).sorted()
    var precision: [AreaRange: [[[Double]?]]] = [:]  // [area][category][threshold][recall], 100 detections
    var recall: [AreaRange: [[Int: [Double]]]] = [:]  // [area][category][max detections][threshold]
    for area in AreaRange.allCases {
      for categoryID in annotations.categoryIDs {
        let matches = imageIDs.compactMap { match(imageID: $0, categoryID: categoryID, area: area) }
        let (curves, recalls) = accumulate(matches)
        precision[area, default: []].append(curves)
        recall[area, default: []].append(recalls)
      }
    }

    func averagePrecision(_ area: AreaRange = .all, threshold: Int? = nil) -> Double {
      mean(
        precision[area, default: []].flatMap { curves in
          curves.enumerated().filter { threshold == nil || $0.offset == threshold }.flatMap {
            $0.element ?? []
          }
        })
    }
    func averageRecall(_ area: AreaRange = .all, _ limit: Int = 100) -> Double {
      mean(recall[area, default: []].flatMap { $0[limit] ?? [] })
    }
    let names = Dictionary(
      annotations.categories.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    return Summary(
      ap: averagePrecision(), ap50: averagePrecision(threshold: 0), ap75: averagePrecision(threshold: 5),
      apSmall: averagePrecision(.small), apMedium: averagePrecision(.medium),
      apLarge: averagePrecision(.large),
      ar1: averageRecall(.all, 1), ar10: averageRecall(.all, 10), ar100: averageRecall(),
      arSmall: averageRecall(.small), arMedium: averageRecall(.medium), arLarge: averageRecall(.large),
      perClass: zip(annotations.categoryIDs, precision[.all, default: []]).map { id, curves in
        Summary.Class(name: names[id] ?? "\(id)", ap: mean(curves.flatMap { $0 ?? [] }))
      })
  }

  /// cocoeval.py, evaluateImg: the best detections first, each takes the free object that it covers best.
  private func match(imageID: Int, categoryID: Int, area: AreaRange) -> Matches? {
    let found = objects[categoryID]?[imageID] ?? []
    let all = results[categoryID]?[imageID] ?? []
    guard !found.isEmpty || !all.isEmpty else { return nil }
    // Stable, as numpy's mergesort is: objects to be found before those to be ignored, detections by falling score.
    let isIgnored = { (object: Annotations.Object) in object.isCrowd || !area.bounds.contains(object.area) }
    let objects = found.filter { !isIgnored($0) } + found.filter(isIgnored)
    let firstIgnored = found.count { !isIgnored($0) }
    let order = all.indices.sorted {
      all[$0].score != all[$1].score ? all[$0].score > all[$1].score : $0 < $1
    }
    let detections = order.prefix(100).map { all[$0] }
    let overlaps = detections.map { detection in objects.map { overlap(detection.box, $0) } }

    var matched: [[Bool]] = []
    var ignored: [[Bool]] = []
    for threshold in Evaluator.thresholds {
      var isTaken = [Bool](repeating: false, count: objects.count)
      var isMatched = [Bool](repeating: false, count: detections.count)
      var isDetectionIgnored = [Bool](repeating: false, count: detections.count)
      for (index, detection) in detections.enumerated() {
        var best = min(threshold, 1 - 1e-10)
        var choice: Int?
        for (candidate, object) in objects.enumerated() {
          if isTaken[candidate], !object.isCrowd { continue }
          // Once a real object is found, one to be ignored is no better.
          if let choice, choice < firstIgnored, candidate >= firstIgnored { break }
          if overlaps[index][candidate] < best { continue }
          best = overlaps[index][candidate]
          choice = candidate
        }
        if let choice {
          isTaken[choice] = true
          isMatched[index] = true
          isDetectionIgnored[index] = choice >= firstIgnored
        } else {
          isDetectionIgnored[index] = !area.bounds.contains(detection.box[2] * detection.box[3])
        }
      }
      matched.append(isMatched)
      ignored.append(isDetectionIgnored)
    }
    return Matches(
      scores: detections.map(\.score), isMatched: matched, isIgnored: ignored, objectCount: firstIgnored)
  }

  /// Intersection over union; over the detection's own area where the object is a crowd (maskApi.c, bbIou).
  private func overlap(_ box: [Double], _ object: Annotations.Object) -> Double {
    let other = object.box
    let width = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    let height = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    guard width > 0, height > 0 else { return 0 }
    let intersection = width * height
    let own = box[2] * box[3]
    return intersection / (object.isCrowd ? own : own + other[2] * other[3] - intersection)
  }

  /// cocoeval.py, accumulate, for one category and area range.
  ///
  /// - Returns: for each threshold precision at 101 recalls (`nil` where there is nothing to find), and for each limit
  ///   on detections the recall at each threshold.
  private func accumulate(_ matches: [Matches]) -> (precision: [[Double]?], recall: [Int: [Double]]) {
    let objectCount = matches.reduce(0) { $0 + $1.objectCount }
    guard objectCount > 0 else { return (Evaluator.thresholds.map { _ in nil }, [:]) }
    var precision: [[Double]?] = []
    var recall: [Int: [Double]] = [:]
    for limit in Evaluator.maxDetections {
      let scores = matches.flatMap { $0.scores.prefix(limit) }
      let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
      for threshold in Evaluator.thresholds.indices {
        let isMatched = matches.flatMap { $0.isMatched[threshold].prefix(limit) }
        let isIgnored = matches.flatMap { $0.isIgnored[threshold].prefix(limit) }
        var (truePositives, falsePositives) = (0.0, 0.0)
        var recalls: [Double] = []
        var precisions: [Double] = []
        for index in order {
          if !isIgnored[index] {
            if isMatched[index] { truePositives += 1 } else { falsePositives += 1 }
          }
          recalls.append(truePositives / Double(objectCount))
          precisions.append(truePositives / (truePositives + falsePositives + 2.220446049250313e-16))
        }
        recall[limit, default: []].append(recalls.last ?? 0)
        if limit == Evaluator.maxDetections.last {
          precision.append(Evaluator.curve(recalls: recalls, precisions: precisions))
        }
      }
    }
    return (precision, recall)
  }

  /// Precision made to fall, read off at 101 recalls.
  private static func curve(recalls: [Double], precisions: [Double]) -> [Double] {
    var falling = precisions
    for index in falling.indices.dropLast().reversed() {
      falling[index] = max(falling[index], falling[index + 1])
    }
    var index = 0
    return Evaluator.recalls.map { recall in
      while index < recalls.count, recalls[index] < recall { index += 1 }
      return index < falling.count ? falling[index] : 0
    }
  }

  /// -1 where there is nothing, as pycocotools says it.
  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? -1 : values.reduce(0, +) / Double(values.count)
  }
}
