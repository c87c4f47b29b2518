// What an Alertmanager is told: alerts as the JSON that POST /api/v2/alerts takes, an array of
//
//   {"labels": {...}, "annotations": {...}, "startsAt": "2026-11-20T21:40:00.123Z", "endsAt": "...",
//    "generatorURL": "..."}
//
// Times are RFC 3339 in UTC with milliseconds; a generator URL that is empty is left out. Bytes that are no
// UTF-8 are replaced, as JSON has no place for them.
//
// Source: Alertmanager's api/v2/openapi.yaml, postableAlert.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "rules/evaluation/alert.h"

namespace sidelight::alertmanager {

// Queues of several Alertmanagers share an alert.
using SharedAlert = std::shared_ptr<const rules::Notification>;

std::string Payload(std::span<const SharedAlert> alerts);

}  // namespace sidelight::alertmanager
