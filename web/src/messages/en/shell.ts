export const shell = {
  'nav.label': 'Pages',
  'nav.skip': 'Skip to content',
  'nav.now': 'Now',
  'nav.history': 'History',
  'nav.energy': 'Energy & cost',
  'nav.system': 'System',

  'site.choose': 'Site: {name}. Choose another',
  'site.none': 'There is no site yet',
  'site.none_hint': 'The first reading that arrives creates one.',

  'history_notice.unavailable':
    'The history is incomplete: store {store} cannot be read since {time}. What is missing returns when the store works again.',
  'history_notice.gap':
    'The history is incomplete: store {store} lacks readings that arrived before {time}. System offers to fill it from another store.',
  'menu.label': 'Preferences',
  'menu.theme': 'Theme',
  'menu.language': 'Language',
  'menu.sign_out': 'Sign out',
  'theme.system': 'As the system',
  'theme.light': 'Light',
  'theme.dark': 'Dark',

  'action.newest': 'Go to the newest data: {day}',
  'action.retry': 'Try again',
  'action.close': 'Close',
  'action.done': 'Done',
  'action.cancel': 'Cancel',
  'action.save': 'Save',
  'action.add': 'Add',
  'action.edit': 'Edit',
  'action.delete': 'Delete',
  'action.copy': 'Copy',
  'action.copied': 'Copied',

  loading: 'Loading',
  'error.title': 'This could not be shown',
  'error.unreachable': 'The server does not answer',
  'error.unreachable_hint': 'Check that Wattkeeper is running and that this device can reach it.',
  'error.recovers': 'Check that Wattkeeper is running. This page returns as soon as the server answers.',
  'nav.more': 'More',
  'stale.as_of': 'As of {time}: refreshing failed ({reason}).',

  'not_found.title': 'No such page',
  'not_found.hint': 'The address may be mistyped, or the page is gone.',
  'not_found.home': 'Go to Now',

  'sign_in.title': 'Sign in',
  'sign_in.with_link': 'Signing in with your link …',
  'sign_in.username': 'User name',
  'sign_in.password': 'Password',
  'sign_in.submit': 'Sign in',
  'sign_in.link_title': 'No password yet, or a link that no longer works?',
  'sign_in.link_hint':
    'A sign-in link works once and for a short time. Where Wattkeeper is installed, this prints a new one:',
  'sign_in.link_restart': 'Starting Wattkeeper again prints one, too.',
} as const;
