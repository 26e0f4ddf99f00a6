/*
 * model.h - what the analyzers cannot see, included into each file
 *
 * These functions return false.  Otherwise, the analyzers report what would
 * happen after a failure that the caller does not notice.
 */
#include "util/failure.h"

#define failed(...)		(failed(__VA_ARGS__) && false)
#define failed_errno(...)	(failed_errno(__VA_ARGS__) && false)
#define failure_prefix(...)	(failure_prefix(__VA_ARGS__) && false)
#define failure_suffix(...)	(failure_suffix(__VA_ARGS__) && false)
