import COCO
import YOLOX

/// Compares labels with confident detections and finds labels that are probably wrong.
///
/// A network agrees with most labels even where it was trained on them, so what it contradicts is worth a look (Northcutt et
/// al., "Confident Learning", 2021).
package struct LabelAudit: Sendable {
  package enum Issue: String, Sendable, CaseIterable {
    /// A confident detection where no label is.
    case unlabelled = "not labelled"
    /// A confident detection of another class covers the label.
    case otherClass = "other class"
    /// A confident detection of the class, whose box overlaps the label's only in part.
    case otherBox = "other box"
    /// No detection of the class near the label.
    case notFound = "not found"
  }

  package struct Finding: Sendable {
    package let issue: Issue
    /// The label, except for ``Issue/unlabelled``.
    package let object: Sample.Object?
    /// Except for ``Issue/notFound``.
    package let detection: Detection?
    /// 0...1; 1 for a label that is almost surely wrong.
    package let suspicion: Float
  }

  /// An image with findings, the worst first.
  package struct AuditedImage: Sendable {
    /// Index of the image in the data set.
    package let index: Int
    package let findings: [Finding]

    var suspicion: Float { findings.reduce(0) { $0 + $1.suspicion } }
  }

  /// The images with findings, the worst first.
  package let images: [AuditedImage]

  /// Minimum score of a detection that contradicts labels.
  private static let confidentScore: Float = 0.5
  /// Minimum IoU at which a detection means the label.
  private static let sameObject: Float = 0.5
  /// Minimum IoU of boxes that agree.
  private static let sameBox: Float = 0.7
  /// Minimum IoU of a detection that is evidence of the object at all.
  private static let nearby: Float = 0.1

  /// - Parameter detections: of each image of `dataset`, with low scores included.
  package init(_ dataset: DetectionDataset, detections: [[Detection]]) {
    let crowds = Dictionary(grouping: dataset.annotations.objects.filter(\.isCrowd), by: \.imageID)
    images = dataset.entries.indices.compactMap { index in
      let entry = dataset.entries[index]
      let regions = (crowds[entry.imageID] ?? []).map { Box(corner: $0.box) }
      let findings = LabelAudit.findings(entry.objects, detections[index], crowds: regions)
      return findings.isEmpty ? nil : AuditedImage(index: index, findings: findings)
    }.sorted { ($0.suspicion, $1.index) > ($1.suspicion, $0.index) }
  }

  /// - Parameter crowds: regions in which objects are not labelled one by one.
  static func findings(
    _ objects: [Sample.Object], _ detections: [Detection], crowds: [Box] = []
  ) -> [Finding] {
    var findings: [Finding] = []
    /// Labels that a detection agrees with or contradicts.
    var settled = Set<Int>()
    /// Boxes of detections that need no further look.
    var explained: [Box] = []
    var open: [Detection] = []

    func nearest(_ detection: Detection, where isIncluded: (Int) -> Bool) -> (index: Int, iou: Float)? {
      objects.indices.filter(isIncluded).map { ($0, detection.box.iou(objects[$0].box)) }.max { $0.1 < $1.1 }
    }
    let confident = detections.filter { $0.score >= confidentScore }.sorted { $0.score > $1.score }
    // Detections of the label's class first, so that another class cannot take the label.
    for detection in confident {
      let same = nearest(detection) { objects[$0].classIndex == detection.classID && !settled.contains($0) }
      guard let same, same.iou >= sameObject else {
        open.append(detection)
        continue
      }
      settled.insert(same.index)
      explained.append(detection.box)
      if same.iou < sameBox {
        findings.append(
          Finding(
            issue: .otherBox, object: objects[same.index], detection: detection,
            suspicion: detection.score * (1 - same.iou)))
      }
    }
    for detection in open where !explained.contains(where: { $0.iou(detection.box) >= sameObject }) {
      explained.append(detection.box)
      let other = nearest(detection) { !settled.contains($0) }
      if let other, other.iou >= sameObject {
        settled.insert(other.index)
        findings.append(
          Finding(
            issue: .otherClass, object: objects[other.index], detection: detection,
            suspicion: detection.score * other.iou))
        continue
      }
      let same = nearest(detection) { objects[$0].classIndex == detection.classID && !settled.contains($0) }
      if let same, same.iou >= nearby {
        settled.insert(same.index)
        findings.append(
          Finding(
            issue: .otherBox, object: objects[same.index], detection: detection,
            suspicion: detection.score * (1 - same.iou)))
        continue
      }
      // Parts of a crowd need no label of their own.
      if crowds.contains(where: { $0.share(of: detection.box) >= 0.5 }) { continue }
      findings.append(
        Finding(issue: .unlabelled, object: nil, detection: detection, suspicion: detection.score))
    }
    for (index, object) in objects.enumerated() where !settled.contains(index) {
      let evidence =
        detections.filter { $0.classID == object.classIndex }
        .map { $0.score * $0.box.iou(object.box) }.max() ?? 0
      guard evidence < nearby * confidentScore else { continue }
      // Half, because small and hidden objects are missed although they are there.
      findings.append(
        Finding(issue: .notFound, object: object, detection: nil, suspicion: 0.5 * (1 - evidence)))
    }
    return findings.sorted { $0.suspicion > $1.suspicion }
  }
}

extension Sample.Object {
  var box: Box { Box(x1: x1, y1: y1, x2: x2, y2: y2) }
}

extension Box {
  /// - Parameter corner: x, y, width, height.
  fileprivate init(corner: [Double]) {
    self.init(
      x1: Float(corner[0]), y1: Float(corner[1]), x2: Float(corner[0] + corner[2]),
      y2: Float(corner[1] + corner[3]))
  }

  /// The share of `other` that lies inside.
  fileprivate func share(of other: Box) -> Float {
    let width = min(x2, other.x2) - max(x1, other.x1)
    let height = min(y2, other.y2) - max(y1, other.y1)
    let area = (other.x2 - other.x1) * (other.y2 - other.y1)
    return width > 0 && height > 0 && area > 0 ? width * height / area : 0
  }
}
